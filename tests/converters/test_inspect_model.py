"""`rtscore-convert inspect`, by its command line, on real files."""

import hashlib
import json
from pathlib import Path

import pytest

from converters.__main__ import main
from tests import picture_set, tiny


def test_it_prints_tables(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert main(["inspect", str(picture_set.model(tmp_path, ("dark", "bright")))]) == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert max(map(len, lines)) <= 80
    titles = ("File", "Contract", "Provenance", "Graph")
    assert [line for line in lines if line in titles] == [*titles]


def test_json_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = picture_set.model(tmp_path, [f"c{number}" for number in range(9)])
    assert main(["inspect", str(path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["version"] == hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    assert (found["served"], found["problem"]) == (True, None)
    assert found["contract"]["labels"]["count"] == 9
    assert found["contract"]["labels"]["first"][1] == {"id": "n1", "label": "c1"}
    assert found["graph"]["inputs"] == [{"name": "image", "type": "uint8", "shape": ["N", 4, 4, 3]}]
    assert found["graph"]["parameters"]["float32"] == {"count": 28, "bytes": 112}


def test_json_of_a_foreign_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tiny.write(tmp_path, tiny.image_graph().SerializeToString())
    assert main(["inspect", str(path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["served"], found["contract"]) == (False, None)
    assert "rtscore-convert onnx" in found["problem"]


def test_the_default_models(
    faq_model: Path, image_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path, task in ((faq_model, "faq"), (image_model, "image")):
        assert main(["inspect", str(path), "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert (found["served"], found["contract"]["task"]) == (True, task)
        assert main(["inspect", str(path)]) == 0
        assert found["version"] in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere.onnx", "No such file or directory"),
        (".", "Is a directory"),
        ("text.onnx", "this is no ONNX file, or it was cut"),
    ],
)
def test_what_is_wrong_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, message: str
) -> None:
    (tmp_path / "text.onnx").write_text("hello")
    assert main(["inspect", str(tmp_path / name)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("rtscore-convert inspect: ")
    assert message in line
