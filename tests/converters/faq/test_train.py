from collections import Counter

import numpy as np
import pytest

from converters.export import ConversionError
from converters.faq.data import Duplicate
from converters.faq.train import FOLDS, _folds, _folds_of_entries, train
from tests import faq_set

SHARE = 1 / 3


@pytest.mark.parametrize("no_match", [faq_set.NO_MATCH, ()], ids=["no-match", "without"])
def test_a_trained_model_knows_its_entries(no_match: tuple[str, ...]) -> None:
    model, chosen = train(
        faq_set.ENTRIES, faq_set.DUPLICATES, no_match, no_match_share=SHARE, seed=0
    )
    asked = [entry.question.upper() for entry in faq_set.ENTRIES]
    probabilities = model.predict_proba(asked)
    assert probabilities.argmax(axis=1).tolist() == list(range(len(faq_set.ENTRIES)))
    assert (probabilities.max(axis=1) >= chosen.threshold).all()
    assert (model.predict_proba(["", "knit a scarf"]).max(axis=1) < chosen.threshold).all()
    assert chosen.precision >= 0.95
    assert chosen.recall > 0.5


def test_the_seed_decides() -> None:
    probabilities, thresholds = [], []
    for seed in (1, 1, 2):
        model, chosen = train(
            faq_set.ENTRIES[:4],
            faq_set.duplicates(4),
            faq_set.NO_MATCH,
            no_match_share=SHARE,
            seed=seed,
        )
        probabilities.append(model.predict_proba(faq_set.NO_MATCH))
        thresholds.append(chosen.threshold)
    np.testing.assert_array_equal(probabilities[0], probabilities[1])
    assert thresholds[0] == thresholds[1]
    assert (probabilities[0] != probabilities[2]).any()


@pytest.mark.parametrize("no_match", [faq_set.NO_MATCH, ()], ids=["no-match", "without"])
def test_entries_may_have_one_duplicate_or_none(no_match: tuple[str, ...]) -> None:
    found = faq_set.duplicates(5, each=[0, 1, 8, 8, 8])
    model, _ = train(faq_set.ENTRIES[:5], found, no_match, no_match_share=SHARE, seed=0)
    asked = [entry.question for entry in faq_set.ENTRIES[:5]]
    assert model.predict_proba(asked).argmax(axis=1).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("entries", [3, 4])
def test_few_entries_can_be_left_out_too(entries: int) -> None:
    found = [
        Duplicate(f"{one.text} {word}", one.entry)
        for one in faq_set.duplicates(entries)
        for word in ("now", "today")
    ]
    model, _ = train(faq_set.ENTRIES[:entries], found, [], no_match_share=SHARE, seed=0)
    assert model.predict_proba([""]).shape == (1, entries)


def test_two_entries_need_questions_without_one() -> None:
    found = [
        Duplicate(f"{one.text} {word}", one.entry)
        for one in faq_set.duplicates(2)
        for word in ("now", "today")
    ]
    entries = faq_set.ENTRIES[:2]
    model, _ = train(entries, found, faq_set.NO_MATCH, no_match_share=SHARE, seed=0)
    assert model.predict_proba([entries[1].question]).argmax() == 1
    with pytest.raises(ConversionError, match="32 duplicates and 0 questions without an entry"):
        train(entries, found, [], no_match_share=SHARE, seed=0)


def test_too_few_duplicates() -> None:
    with pytest.raises(ConversionError, match="there are 16 duplicates"):
        train(
            faq_set.ENTRIES[:2],
            faq_set.duplicates(2),
            faq_set.NO_MATCH,
            no_match_share=SHARE,
            seed=0,
        )


def test_no_model_is_asked_what_it_was_trained_on() -> None:
    duplicates = faq_set.duplicates(6, each=[0, 1, 3, 5, 7, 8])
    entries = faq_set.ENTRIES[:6]
    folds = list(_folds(entries, duplicates, np.random.default_rng(0)))
    assert len(folds) == FOLDS
    assert Counter(one for fold in folds for one in fold.duplicates) == Counter(duplicates)
    for fold in folds:
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
    folds = list(_folds_of_entries(faq_set.ENTRIES[:entries], duplicates, rng))
    owner = {one.text: one.entry for one in duplicates}
    asked = [text for fold in folds for text in fold.no_match]
    assert Counter(asked) == Counter(one.text for one in duplicates)
    for fold in folds:
        assert not fold.duplicates
        assert not {owner[text] for text in fold.no_match} & set(fold.labels)
        assert len(set(fold.labels)) >= 2
