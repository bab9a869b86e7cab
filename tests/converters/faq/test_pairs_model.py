from dataclasses import replace

import numpy as np
import pytest

from converters.faq.model import Calibration
from converters.faq.pairs_fit import fit
from converters.faq.pairs_model import PairClassifier, PairModel
from converters.faq.samples import ADVERSARIAL
from tests import faq_set

TEXTS = [*ADVERSARIAL, *faq_set.NO_MATCH, *(one.text for one in faq_set.DUPLICATES)]


@pytest.fixture(scope="module")
def model() -> PairModel:
    return fit(faq_set.ENTRIES, faq_set.DUPLICATES * 4, trees=20)


def test_a_text_scores_the_same_alone(model: PairModel) -> None:
    together = model.margins(TEXTS)
    assert together.shape == (len(TEXTS), len(faq_set.ENTRIES))
    np.testing.assert_array_equal(
        together, np.concatenate([model.margins([text]) for text in TEXTS])
    )


def test_many_texts_come_in_parts(model: PairModel, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = model.margins(TEXTS)
    monkeypatch.setattr("converters.faq.pairs_model._ROWS", 7)
    np.testing.assert_array_equal(model.margins(TEXTS), whole)


def test_nothing_asked(model: PairModel) -> None:
    assert model.margins([]).shape == (0, len(faq_set.ENTRIES))


def test_trees_add_up(model: PairModel) -> None:
    first = replace(model, trees=8).margins(TEXTS)
    np.testing.assert_allclose(first + model.margins(TEXTS, start=8), model.margins(TEXTS))
    assert (first != model.margins(TEXTS)).any()


def test_probabilities_sum_to_at_most_one(model: PairModel, calibration: Calibration) -> None:
    classifier = PairClassifier(model, calibration)
    found = classifier.predict_proba(TEXTS)
    assert found.sum(axis=1).max() <= 1
    np.testing.assert_array_equal(found.argmax(axis=1), model.margins(TEXTS).argmax(axis=1))
    assert classifier.vocabulary == model.vocabulary
