"""What the models of a cross-validation learn, and what they are asked."""

from collections import Counter

import numpy as np
import pytest

from converters.faq.folds import FOLDS, folds, folds_of_entries
from tests import faq_set


def test_no_model_is_asked_what_it_was_trained_on() -> None:
    duplicates = faq_set.duplicates(6, each=[0, 1, 3, 5, 7, 8])
    entries = faq_set.ENTRIES[:6]
    made = list(folds(entries, duplicates, np.random.default_rng(0)))
    assert len(made) == FOLDS
    assert Counter(one for fold in made for one in fold.duplicates) == Counter(duplicates)
    for fold in made:
        assert not fold.no_match
        held_out = {one.text for one in fold.duplicates}
        assert set(fold.labels) == set(range(6))
        known = Counter(zip(fold.texts, fold.labels, strict=True))
        assert known == Counter(
            [(entry.question, index) for index, entry in enumerate(entries)]
            + [(entry.answer, index) for index, entry in enumerate(entries) if entry.answer]
            + [(one.text, one.entry) for one in duplicates if one.text not in held_out]
        )
        most = Counter(one.entry for one in fold.duplicates)
        for entry, count in Counter(one.entry for one in duplicates).items():
            assert most[entry] <= -(-count // FOLDS)  # an entry's duplicates are spread evenly


@pytest.mark.parametrize("entries", [3, 4, 7, 10])
def test_every_entry_is_left_out_once(entries: int) -> None:
    duplicates = faq_set.duplicates(entries)
    rng = np.random.default_rng(0)
    made = list(folds_of_entries(faq_set.ENTRIES[:entries], duplicates, rng))
    owner = {one.text: one.entry for one in duplicates}
    asked = [text for fold in made for text in fold.no_match]
    assert Counter(asked) == Counter(one.text for one in duplicates)
    for fold in made:
        assert not fold.duplicates
        assert not {owner[text] for text in fold.no_match} & set(fold.labels)
        assert len(set(fold.labels)) >= 2
