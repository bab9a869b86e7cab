"""Question sets in folders: originals, duplicates to train and to test on, perhaps no-match ones.

A set is a folder with `originals`, `duplicates_train`, `duplicates_test` and perhaps
`no_match_train`, each `.tsv`, `.csv` or `.jsonl`, with the columns of `rtscore-convert faq`.
"""

import argparse
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from converters.faq import data
from converters.faq.data import Duplicate
from server.contract import Entry

JAVASCRIPT = Path(__file__).parent.parent / "converters/faq/javascript"


@dataclass(frozen=True)
class QuestionSet:
    """One set; `digest` stands for the content of its files, by the option that takes each."""

    name: str
    entries: Sequence[Entry]
    train: Sequence[Duplicate]
    test: Sequence[Duplicate]
    no_match: Sequence[str]
    files: dict[str, Path]

    @property
    def digest(self) -> str:
        """Changes with any file of the set."""
        digests = [data.sha256(path) for path in self.files.values()]
        return hashlib.sha256("".join(digests).encode()).hexdigest()[:12]

    def cut(self, most: int | None, seed: int = 0) -> list[Duplicate]:
        """At most `most` training duplicates of each entry; those of a smaller cut are among them.

        None keeps them all.
        """
        kept: list[Duplicate] = []
        counts = dict.fromkeys(range(len(self.entries)), 0)
        for number in np.random.default_rng(seed).permutation(len(self.train)):
            one = self.train[number]
            if most is None or counts[one.entry] < most:
                counts[one.entry] += 1
                kept.append(one)
        return kept


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare --sets."""
    folder = os.environ.get("TEST_FAQ_SETS")
    parser.add_argument(
        "--sets",
        nargs="+",
        type=Path,
        default=[*([Path(folder)] if folder else []), JAVASCRIPT],
        help="folders of a set, or of sets (default: those in TEST_FAQ_SETS, and ours)",
    )


def read(folders: Sequence[Path]) -> list[QuestionSet]:
    """Every set in `folders`; raises ConversionError for tables that can't be read."""
    found = []
    for folder in folders:
        inner = [path for path in sorted(folder.iterdir()) if _table(path, "originals")]
        found += [_read(path) for path in ([folder] if _table(folder, "originals") else inner)]
    return found


def _read(folder: Path) -> QuestionSet:
    tables = {
        "--originals": "originals",
        "--duplicates": "duplicates_train",
        "--test": "duplicates_test",
        "--no-match": "no_match_train",
    }
    files = {flag: path for flag, name in tables.items() if (path := _table(folder, name))}
    entries = data.read_originals(files["--originals"])
    unanswered = files.get("--no-match")
    return QuestionSet(
        folder.name,
        entries,
        data.read_duplicates(files["--duplicates"], entries),
        data.read_duplicates(files["--test"], entries),
        data.read_questions(unanswered) if unanswered else [],
        files,
    )


def _table(folder: Path, name: str) -> Path | None:
    return next((path for path in sorted(folder.glob(f"{name}.*"))), None)
