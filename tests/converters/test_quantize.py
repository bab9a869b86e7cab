"""`rtscore-convert quantize`, by its command line, on a small CNN."""

import logging
from pathlib import Path

import pytest

from converters.__main__ import main
from converters.quantization import ranges
from server.session import Session
from tests import tiny
from tests.converters.quantization import small


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small.write_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small.write_pictures(tmp_path_factory.mktemp("pictures"), 40)


def run(*arguments: str | Path) -> int:
    return main(["quantize", *map(str, arguments)])


def accuracy(path: Path) -> dict[str, float]:
    contract = Session(path).contract
    assert contract.precision == "int8"
    return contract.accuracy


def test_int8_from_pictures_and_again_from_their_ranges(
    model: Path, folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    out, kept, again = (tmp_path / name for name in ("a.onnx", "ranges.json", "b.onnx"))
    caplog.set_level(logging.INFO)
    images = ("--images", folder, "--pictures-are", "of colours", "--save-ranges", kept)
    assert run(model, "--to", "int8", *images, "-o", out) == 0
    assert "the same class first on 20 of 20 pictures" in caplog.text
    assert caplog.messages[-1].startswith(f"{out}: 0.0 MB in ")
    saved = ranges.read(kept)
    assert (saved.pictures, saved.accuracy) == ("of colours", accuracy(out))
    assert run(model, "--to", "int8", "--ranges", kept, "-o", again) == 0
    assert accuracy(again) == accuracy(out)


def test_fp16(model: Path, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "fp16.onnx"
    assert run(model, "--to", "fp16", "--images", folder, "-o", out) == 0
    assert Session(out).contract.precision == "fp16"
    assert Session(out).contract.accuracy["evaluated_pictures"] == 40


def test_the_range_of_weights_can_be_reduced(model: Path, folder: Path, tmp_path: Path) -> None:
    kept = [tmp_path / "8.json", tmp_path / "7.json"]
    for path, reduced in zip(kept, ([], ["--reduce-range"]), strict=True):
        images = ("--images", folder, "--save-ranges", path)
        assert run(model, "--to", "int8", *images, *reduced, "-o", tmp_path / "a.onnx") == 0
    eight, seven = map(ranges.read, kept)
    assert (eight.reduce_range, seven.reduce_range) == (False, True)
    assert eight.ranges == seven.ranges
    assert eight.graph_sha256 != seven.graph_sha256


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--to fp16 --ranges r.json", "fp16 needs no ranges"),
        ("--to fp16 --images DIR --save-ranges r.json", "fp16 needs no ranges"),
        ("--to fp16 --images DIR --reduce-range", "fp16 has no reduced range"),
        ("--to int8 --ranges r.json --save-ranges s.json", "go with --images"),
        ("--to int8 --ranges r.json --reduce-range", "go with --images"),
        ("--to int8 --ranges nowhere.json", "No such file"),
        ("--to int8 --images nowhere", "nowhere is no folder"),
        ("--to int8 --images DIR --least-agreement .99", "there are 40 different pictures; to"),
    ],
)
def test_what_does_not_fit_is_one_line(
    options: str, message: str, model: Path, folder: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    out = tmp_path / "out.onnx"
    words = [str(folder) if word == "DIR" else word for word in options.split()]
    assert run(model, *words, "-o", out) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("rtscore-convert quantize: ")
    assert message in line
    assert not out.exists()


def test_the_model_itself_is_not_overwritten(
    model: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = model.read_bytes()
    assert run(model, "--to", "int8", "--images", folder, "-o", model) == 1
    assert "give -o another name" in capsys.readouterr().err
    assert model.read_bytes() == before


def test_a_faq_model_is_refused(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    faq = tiny.write(tmp_path, tiny.stamped(tiny.faq_graph(), tiny.faq_contract()))
    assert run(faq, "--to", "int8", "--images", folder, "-o", tmp_path / "out.onnx") == 1
    assert "is a FAQ model" in capsys.readouterr().err
