"""Command-line arguments that several converters take, and their types."""

import argparse
import math
from collections.abc import Iterable
from pathlib import Path


def question_files(parser: argparse.ArgumentParser, files: Iterable[tuple[str, bool, str]]) -> None:
    """Declare files of questions: flag, whether it is required, and what is in it."""
    for flag, required, meaning in files:
        parser.add_argument(
            flag,
            type=Path,
            required=required,
            metavar="FILE",
            help=f"{meaning}; .tsv, .csv or .jsonl",
        )


def share(text: str) -> float:
    """A share, between 0 and 1."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError("give a number between 0 and 1")
    return value


def count(text: str) -> int:
    """A count, or the seed of everything random."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise argparse.ArgumentTypeError("give a whole number from 0 to 999999999")
    return int(text)


def positive(text: str) -> int:
    """A count that is not 0."""
    if not count(text):
        raise argparse.ArgumentTypeError("give a whole number from 1 to 999999999")
    return count(text)
