import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.faq_made_up import make_up
from converters.encoder.model import Encoder
from converters.encoder.source import from_folder
from converters.faq.calibrate import LEAST
from converters.faq.data import Duplicate
from converters.faq.defaults import default
from converters.faq.graph import to_onnx
from converters.faq.model import TRAINABLE, FaqClassifier, Size
from converters.faq.semantic import fit
from converters.faq.sparse import Centroids
from converters.faq.train import (
    USUAL_LEXICAL,
    Trained,
    train,
    usual_no_match_share,
)
from server.contract import Entry
from server.session import Session
from tests import faq_set, tiny
from tests.converters.encoder import folder as small

ENTRIES, DUPLICATES, NO_MATCH = faq_set.ENTRIES, faq_set.DUPLICATES, faq_set.NO_MATCH


def trained(
    entries: Sequence[Entry] = ENTRIES,
    duplicates: Sequence[Duplicate] = DUPLICATES,
    no_match: Sequence[str] = NO_MATCH,
    **changes: Any,
) -> Trained:
    return train(entries, duplicates, no_match, **{"no_match_share": None, "seed": 0} | changes)


SMALL = Size(len(ENTRIES), 100)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    return from_folder(small.write(tmp_path_factory.mktemp("encoder")))


@pytest.mark.parametrize("no_match", [NO_MATCH, ()], ids=["no-match", "without"])
def test_a_trained_model_knows_its_entries(no_match: tuple[str, ...]) -> None:
    made = trained(no_match=no_match, no_match_share=1 / 3)
    asked = [entry.question.upper() for entry in ENTRIES]
    probabilities = made.model.predict_proba(asked)
    assert probabilities.argmax(axis=1).tolist() == list(range(len(ENTRIES)))
    assert (probabilities.max(axis=1) >= made.threshold).all()
    assert (made.model.predict_proba(["", "knit a scarf"]).max(axis=1) < made.threshold).all()
    assert made.precision >= 0.95
    assert made.recall > 0.5


@pytest.mark.parametrize("no_match", [NO_MATCH, ()], ids=["no-match", "without"])
def test_held_out_answers_are_to_every_duplicate(no_match: tuple[str, ...]) -> None:
    made = trained(no_match=no_match)
    answers = made.held_out
    assert answers is not None
    asked = Counter(zip(answers.texts, answers.entries.tolist(), strict=True))
    assert asked == Counter((one.text, one.entry) for one in DUPLICATES)
    matched = (answers.ranks == 1) & (answers.outcomes.best >= made.threshold)
    assert matched.mean() == pytest.approx(made.recall, abs=0.1)


def test_held_out_answers_are_of_models_that_have_not_seen_them() -> None:
    """Some are under wrong entries, which can be learnt by heart but not guessed."""
    wrong = [
        Duplicate(f"{one.text} {number}", (one.entry + number % 3) % len(ENTRIES))
        for number, one in enumerate(DUPLICATES)
    ]
    made = trained(duplicates=wrong)
    assert made.held_out is not None
    assert (made.held_out.ranks == 1).mean() < 0.6
    known = made.model.predict_proba([one.text for one in wrong]).argmax(axis=1)
    assert (known == [one.entry for one in wrong]).mean() > 0.8


def test_the_seed_decides() -> None:
    probabilities, thresholds = [], []
    for seed in (1, 1, 2):
        made = trained(ENTRIES[:4], faq_set.duplicates(4), seed=seed)
        probabilities.append(made.model.predict_proba(NO_MATCH))
        thresholds.append(made.threshold)
    np.testing.assert_array_equal(probabilities[0], probabilities[1])
    assert thresholds[0] == thresholds[1]
    assert (probabilities[0] != probabilities[2]).any()


@pytest.mark.parametrize(("no_match", "usual"), [(NO_MATCH, 1 / 3), ((), 0.02)])
def test_the_share_of_no_match_has_a_default(no_match: tuple[str, ...], usual: float) -> None:
    assert usual_no_match_share(no_match) == usual
    found = [
        trained(no_match=no_match, no_match_share=share).model.predict_proba(NO_MATCH)
        for share in (None, usual, 0.9)
    ]
    np.testing.assert_array_equal(found[0], found[1])
    assert found[0].max(axis=1).mean() > found[2].max(axis=1).mean()


@pytest.mark.parametrize("no_match", [NO_MATCH, ()], ids=["no-match", "without"])
def test_entries_may_have_one_duplicate_or_none(no_match: tuple[str, ...]) -> None:
    found = faq_set.duplicates(5, each=[0, 1, 8, 8, 8])
    made = trained(ENTRIES[:5], found, no_match)
    asked = [entry.question for entry in ENTRIES[:5]]
    assert made.model.predict_proba(asked).argmax(axis=1).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("no_match", [NO_MATCH, ()], ids=["no-match", "without"])
def test_every_entry_may_have_one_duplicate(no_match: tuple[str, ...]) -> None:
    words = [f"{first}{second}" for first in "kmnprs" for second in ("ala", "ebo", "iro", "umo")]
    entries = [Entry(id=word, question=f"What is the {word} for?") for word in words]
    found = [
        Duplicate(f"explain {word if number % 3 else 'it'} to me", number)
        for number, word in enumerate(words)
    ]
    assert len(found) >= LEAST
    made = trained(entries, found, no_match)
    assert made.held_out is not None
    assert len(made.held_out.texts) == len(found)
    assert 0 < made.threshold < 1
    asked = [f"the {word}" for word in words]
    assert made.model.predict_proba(asked).argmax(axis=1).tolist() == list(range(len(words)))


@pytest.mark.parametrize("count", [0, 1, LEAST - 1])
@pytest.mark.parametrize("no_match", [NO_MATCH, ()], ids=["no-match", "without"])
def test_of_too_few_duplicates_the_calibration_is_that_of_others(
    count: int, no_match: tuple[str, ...]
) -> None:
    made = trained(duplicates=DUPLICATES[::4][:count], no_match=no_match)
    assert math.isnan(made.precision)
    assert math.isnan(made.recall)
    assert made.held_out is None
    assert (made.model.calibration, made.threshold) == default(SMALL, encoder=False)
    asked = [entry.question for entry in ENTRIES]
    assert made.model.predict_proba(asked).argmax(axis=1).tolist() == list(range(len(ENTRIES)))


@pytest.mark.parametrize("entries", [3, 4])
def test_few_entries_can_be_left_out_too(entries: int) -> None:
    found = [
        Duplicate(f"{one.text} {word}", one.entry)
        for one in faq_set.duplicates(entries)
        for word in ("now", "today")
    ]
    made = trained(ENTRIES[:entries], found, [])
    assert made.model.predict_proba([""]).shape == (1, entries)


def test_two_entries_need_questions_without_one() -> None:
    found = [
        Duplicate(f"{one.text} {word}", one.entry)
        for one in faq_set.duplicates(2)
        for word in ("now", "today", "in a table")
    ] + [Duplicate(f"do it {number}", number % 2) for number in range(12)]
    entries = ENTRIES[:2]
    made = trained(entries, found)
    assert made.model.predict_proba([entries[1].question]).argmax() == 1
    assert not math.isnan(made.precision)
    alone = trained(entries, found, [])
    assert math.isnan(alone.precision)
    assert (alone.model.calibration, alone.threshold) == default(SMALL, encoder=False)


def test_left_out_entries_stand_in_for_too_few_questions_without_one() -> None:
    assert not math.isnan(trained(no_match=NO_MATCH[:5]).precision)


def test_an_exact_question_is_matched_in_a_large_faq_without_duplicates() -> None:
    """Whose entries are centroids: another scale than margins have."""
    entries = make_up(3000, test=0, seed=0).entries
    made = trained(entries, [], [])
    asked = [entry.question for entry in entries[:50]]
    assert (made.model.predict_proba(asked).max(axis=1) >= made.threshold).mean() > 0.9


def test_a_large_faq_with_few_duplicates_is_calibrated() -> None:
    """A few folds of many would hold too few of them."""
    entries, found = many(1500, 1)
    made = trained(entries, found[:50], [])
    assert not math.isnan(made.precision)


def many(entries: int, each: int) -> tuple[list[Entry], list[Duplicate]]:
    """A FAQ whose entries have a word of their own, which their duplicates mostly have too."""
    made = [
        Entry(id=str(number), question=f"how to thing{number} the w{number % 9}")
        for number in range(entries)
    ]
    found = [
        Duplicate(
            f"{'thing' if (number + way) % 4 else 'other'}{number} v{way} w{number % 9}", number
        )
        for number in range(entries)
        for way in range(each)
    ]
    return made, found


@pytest.mark.parametrize("no_match", [NO_MATCH, ()], ids=["no-match", "without"])
def test_of_very_many_entries_one_fold_tells(no_match: tuple[str, ...]) -> None:
    entries, duplicates = many(int((TRAINABLE / 3) ** 0.5) + 1, 2)
    made = trained(entries, duplicates, no_match)
    assert isinstance(made.model.pipeline[2], Centroids)
    assert made.held_out is not None
    assert LEAST <= len(made.held_out.texts) < len(duplicates) / 4
    asked = [entry.question for entry in entries[::50]]
    found = made.model.predict_proba(asked).argmax(axis=1)
    assert (found == np.arange(len(entries))[::50]).mean() > 0.9


def served(made: Trained, encoder: Encoder, folder: Path) -> tuple[Session, Any]:
    """The model's file in the server's session, and its contract."""
    contract = tiny.faq_contract(
        vocabulary=made.model.vocabulary, entries=ENTRIES, subwords=encoder.subwords
    )
    path = tiny.write(folder, tiny.stamped(to_onnx(made.model), contract))
    return Session(path), contract


@pytest.mark.parametrize("duplicates", [DUPLICATES, ()], ids=["duplicates", "without"])
def test_an_encoder_is_part_of_the_model(
    encoder: Encoder, duplicates: tuple[Duplicate, ...], tmp_path: Path
) -> None:
    made = trained(duplicates=duplicates, encoder=encoder)
    model: FaqClassifier = made.model
    assert model.meaning is not None
    session, contract = served(made, encoder, tmp_path)
    texts = [*NO_MATCH, *(one.text for one in DUPLICATES), *small.TEXTS, "", "日本語"]
    found = session.run(contract.feeds([contract.encode(text) for text in texts]))
    expected = model.predict_proba(texts)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    lexical = FaqClassifier(model.pipeline, model.calibration).predict_proba(texts)
    assert np.abs(lexical - expected).max() > 0.01
    if not duplicates:
        assert model.meaning.lexical == USUAL_LEXICAL
        assert (model.calibration, made.threshold) == default(SMALL, encoder=True)
    else:
        assert made.held_out is not None
        assert len(made.held_out.texts) == len(DUPLICATES)


def test_centroids_of_the_encoder_are_served_alike(encoder: Encoder, tmp_path: Path) -> None:
    made = trained(encoder=encoder)
    meaning = made.model.meaning
    texts = [one.text for one in DUPLICATES]
    labels = np.array([one.entry for one in DUPLICATES])
    few = fit(meaning.embedded(texts), labels, most=0)
    assert few.dual is None
    made.model.meaning = replace(meaning, semantic=few)
    session, contract = served(made, encoder, tmp_path)
    found = session.run(contract.feeds([contract.encode(text) for text in texts]))
    np.testing.assert_allclose(found, made.model.predict_proba(texts), atol=1e-4)
