"""`rtscore-convert evaluate`: which model takes which options."""

from pathlib import Path

import pytest

from converters.__main__ import main
from tests import faq_set, tiny


@pytest.fixture
def names(tmp_path: Path) -> dict[str, Path]:
    faq = tiny.stamped(tiny.faq_graph(), tiny.faq_contract())
    image = tiny.stamped(tiny.image_graph(), tiny.image_contract())
    return {
        "faq": tiny.write(tmp_path, faq, "faq.onnx"),
        "image": tiny.write(tmp_path, image, "image.onnx"),
        "test": faq_set.write_questions(tmp_path / "test.jsonl", ["sort an array"]),
        "nowhere": tmp_path / "nowhere.onnx",
        "folder": tmp_path,
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{faq}"], "{faq} is a FAQ model; give --test FILE to ask it"),
        (["{image}"], "{image} is an image model; give --images DIR and --labels FILE"),
        (["{image}", "--images", "{folder}"], "give --images DIR and --labels FILE"),
        (["{image}", "--labels", "{test}"], "give --images DIR and --labels FILE"),
        (["{image}", "--test", "{test}"], "{image} is an image model, and --test is for FAQ"),
        (["{image}", "--no-match-test", "{test}"], "and --no-match-test is for FAQ models"),
        (["{faq}", "--images", "{folder}"], "{faq} is a FAQ model, and --images is for image"),
        (
            ["{faq}", "--test", "{test}", "--labels", "{test}"],
            "{faq} is a FAQ model, and --labels is for image models",
        ),
        (["{test}", "--test", "{test}"], "{test} is no model file of rtscore-convert"),
        (["{nowhere}", "--test", "{test}"], "{nowhere}: No such file or directory"),
    ],
)
def test_what_is_wrong_is_one_line(
    names: dict[str, Path], capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    before = sorted(names["folder"].iterdir())
    assert main(["evaluate", *(argument.format(**names) for argument in arguments)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("rtscore-convert evaluate: ")
    assert message.format(**names) in line
    assert sorted(names["folder"].iterdir()) == before


def test_help_tells_the_tasks_apart(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["evaluate", "--help"])
    shown = capsys.readouterr().out
    faq, image, written = (
        shown.index(f"{title}:")
        for title in ("what to ask a FAQ model", "what to show an image model", "what to write")
    )
    assert faq < shown.index("  --test FILE") < image < shown.index("  --images DIR") < written
