"""The files of a FAQ, read and prepared as the command line says."""

import argparse
from pathlib import Path

import pytest

from converters.export import ConversionError
from converters.faq.arguments import add_arguments
from converters.faq.gather import gather

ORIGINALS = "id,text\na,sort an array\nb,copy an object\n"
DUPLICATES = "id,original_id,text\n1,a,order a list\n2,b,clone an object\n3,x,about nothing\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "originals.csv").write_text(ORIGINALS, encoding="utf-8")
    (tmp_path / "duplicates.csv").write_text(DUPLICATES, encoding="utf-8")
    (tmp_path / "no_match.csv").write_text("text\nwhich beer\n", encoding="utf-8")
    return tmp_path


def arguments(folder: Path, *given: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    files = ["--originals", str(folder / "originals.csv"), "-o", str(folder / "out.onnx")]
    return parser.parse_args([*files, *given])


def test_the_files_are_read(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    files = ["--duplicates", str(folder / "duplicates.csv"), "--drop-orphans"]
    files += ["--no-match", str(folder / "no_match.csv")]
    with caplog.at_level("INFO"):
        found = gather(arguments(folder, *files))
    assert [entry.id for entry in found.entries] == ["a", "b"]
    assert [(one.text, one.entry) for one in found.duplicates] == [
        ("order a list", 0),
        ("clone an object", 1),
    ]
    assert (found.test, found.no_match) == ([], ["which beer"])
    assert "2 entries, 2 of them with duplicates; 2 duplicates" in caplog.text


def test_an_orphan_is_an_error_unless_it_is_dropped(folder: Path) -> None:
    with pytest.raises(ConversionError, match=r"duplicates\.csv:4"):
        gather(arguments(folder, "--duplicates", str(folder / "duplicates.csv")))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--plot", "a.png"], "--plot needs --test or --split"),
        (["--split", "0.2"], "--split draws a test from --duplicates"),
        (["--no-match-test", "a.csv"], "--no-match-test needs --test"),
    ],
)
def test_options_that_need_others_say_so(folder: Path, given: list[str], said: str) -> None:
    with pytest.raises(ConversionError, match=said):
        gather(arguments(folder, *given))
