"""What `rtscore-convert faq` takes on its command line."""

import argparse
from pathlib import Path

import pytest

from converters.faq.arguments import add_arguments

NEEDED = ["--originals", "faq.csv", "-o", "faq.onnx"]


def parsed(*given: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args([*NEEDED, *given])


def test_entries_and_an_output_are_enough() -> None:
    found = parsed()
    assert (found.originals, found.output) == (Path("faq.csv"), Path("faq.onnx"))
    assert {found.duplicates, found.test, found.no_match, found.no_match_test} == {None}
    assert (found.encoder, found.precision, found.recipe, found.trees) == (None, "fp32", None, 500)
    assert (found.no_match_share, found.seed) == (None, 0)


def test_what_is_given_is_taken() -> None:
    found = parsed("--encoder", "minilm", "--precision", "int8", "--split", "0.2", "--seed", "7")
    assert (found.encoder, found.precision, found.split, found.seed) == ("minilm", "int8", 0.2, 7)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--recipe", "magic"], "pairs-lightgbm"),
        (["--precision", "fp16"], "int8"),
        (["--trees", "0"], "--trees"),
        (["--no-match-share", "1.5"], "between 0 and 1"),
        (["--seed", "-1"], "--seed"),
    ],
)
def test_what_is_wrong_is_refused_by_name(
    given: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parsed(*given)
    assert said in capsys.readouterr().err
