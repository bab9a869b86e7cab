import argparse
from pathlib import Path

import pytest

from converters.arguments import count, positive, question_files, share


def test_what_is_taken() -> None:
    assert (share("0.21"), share("1e-3")) == (0.21, 0.001)
    assert (positive("1"), positive("010")) == (1, 10)
    assert (count("0"), count("999999999"), count("007")) == (0, 999_999_999, 7)


@pytest.mark.parametrize("text", ["0", "1", "-0.1", "nan", "inf", "a third", ""])
def test_no_share(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="between 0 and 1"):
        share(text)


@pytest.mark.parametrize("text", ["-1", "1.5", "x", "4294967296", "²", "", " 1"])
def test_no_count(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="whole number"):
        count(text)


@pytest.mark.parametrize("text", ["0", "000", "-1", "1.5", "", "x"])
def test_not_positive(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="whole number"):
        positive(text)


def test_files_of_questions(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    question_files(parser, [("--asked", True, "what was asked: text"), ("--test", False, "more")])
    found = parser.parse_args(["--asked", "a.csv"])
    assert (found.asked, found.test) == (Path("a.csv"), None)
    with pytest.raises(SystemExit):
        parser.parse_args([])
    assert "--asked" in capsys.readouterr().err
    assert "what was asked: text; .tsv, .csv or .jsonl" in parser.format_help()
