"""The small FAQ as a folder of a set."""

from pathlib import Path

import pytest

from benchmarks import faq_sets
from benchmarks.faq_sets import QuestionSet
from tests import faq_set


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder with the tables of one set, in it."""
    path = tmp_path_factory.mktemp("sets") / "tiny"
    path.mkdir()
    faq_set.write_originals(path / "originals.jsonl", faq_set.ENTRIES)
    enough = faq_set.DUPLICATES * 4  # for the recipe's leaves of 20 pairs
    faq_set.write_duplicates(path / "duplicates_train.jsonl", enough)
    faq_set.write_duplicates(path / "duplicates_test.jsonl", faq_set.DUPLICATES[::3])
    faq_set.write_questions(path / "no_match_train.jsonl", faq_set.NO_MATCH)
    return path


@pytest.fixture
def tiny(folder: Path) -> QuestionSet:
    """The set in `folder`."""
    (found,) = faq_sets.read([folder])
    return found
