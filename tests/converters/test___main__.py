import os
import subprocess
import sys
from pathlib import Path

import pytest

from converters.__main__ import CONVERTERS, main

# What a command asks for that does not write a model.
OWN = {"evaluate": "MODEL.onnx", "inspect": "FILE", "import": "KIND ..."}

ROOT = Path(__file__).parent.parent.parent


def run(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "converters", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_names_every_source() -> None:
    finished = run("--help")
    assert finished.returncode == 0
    assert finished.stdout.startswith("usage: rtscore-convert")
    shown = " ".join(finished.stdout.split())
    for name, converter in CONVERTERS.items():
        assert f"{name} {converter.HELP}" in shown


@pytest.mark.parametrize("name", CONVERTERS)
def test_help_of_a_source(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([name, "--help"])
    assert caught.value.code == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"usage: rtscore-convert {name}")
    assert OWN.get(name, "-o OUT.onnx") in shown


@pytest.mark.parametrize("argv", [[], ["word2vec"], ["faq"], ["efficientnet-lite", "0"]])
def test_a_wrong_command_line(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("usage: rtscore-convert")


def test_what_can_not_be_converted_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    originals = tmp_path / "originals.tsv"
    originals.write_text("id\ttext\na\tOne?\na\tTwo?\n")
    out = tmp_path / "faq.onnx"
    finished = run("faq", "--originals", originals, "--duplicates", originals, "-o", out)
    assert finished.returncode == 1
    assert finished.stderr == f"rtscore-convert faq: {originals}:3: the id 'a' is there twice\n"
    assert not out.exists()


def test_a_missing_file_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = str(tmp_path / "nowhere.tsv")
    out = str(tmp_path / "faq.onnx")
    assert main(["faq", "--originals", missing, "--duplicates", missing, "-o", out]) == 1
    error = capsys.readouterr().err
    assert error.startswith("rtscore-convert faq: ")
    assert error.endswith("\n")
    assert error.count("\n") == 1
    assert "No such file or directory" in error
    assert missing in error


def test_the_news_of_libraries_are_not_shown(tmp_path: Path) -> None:
    (tmp_path / "talkative.py").write_text(
        "import logging\n"
        "logging.getLogger('library').info('optimised')\n"
        "logging.getLogger('library').warning('look out')\n"
        "logging.getLogger('rtscore.convert').info('half done')\n"
    )
    code = (
        "from converters import __main__ as it, evaluate\n"
        "evaluate.convert = lambda arguments: __import__('talkative')\n"
        "it.main(['evaluate', 'model.onnx'])"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path)])},
    )
    assert finished.stderr == "look out\nhalf done\n"
