from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, softmax

from converters.faq.model import MOST, Calibration, FaqClassifier, classifier, features, logits
from converters.faq.samples import ADVERSARIAL
from server.tokenizer import Tokenizer
from tests import faq_set

CALIBRATION = Calibration(temperature=2.0, weights=np.array([0.5, 0.25, -0.125]), bias=-0.5)
ASKED = [*faq_set.NO_MATCH[:5], *ADVERSARIAL[:10]]


def fitted(entries: int, tokenizer: Tokenizer | None = None) -> Any:
    found = faq_set.duplicates(entries)
    pipeline = classifier(entries, tokenizer) if tokenizer else classifier(entries)
    return pipeline.fit([one.text for one in found], [one.entry for one in found])


@pytest.mark.parametrize("entries", [2, 3, 5])
def test_logits_are_those_of_the_classifier(entries: int) -> None:
    pipeline = fitted(entries)
    found = logits(pipeline, ASKED)
    assert found.shape == (len(ASKED), entries)
    np.testing.assert_allclose(softmax(found, axis=1), pipeline.predict_proba(ASKED), atol=1e-12)


def test_many_entries_are_learnt_too() -> None:
    """With a fixed tolerance the solver stops before its first step, and entry 0 always wins."""
    entries = 1200
    names = [f"thing{number}" for number in range(entries)]
    texts = [way.format(name) for name in names for way in ("how to {}", "why {} fails")]
    pipeline = classifier(entries, Tokenizer()).fit(texts, np.repeat(np.arange(entries), 2))
    found = pipeline.predict([f"is {name} good" for name in names])
    np.testing.assert_array_equal(found, np.arange(entries))


@pytest.mark.parametrize("entries", [2, 3])
def test_no_texts_give_no_logits(entries: int) -> None:
    assert logits(fitted(entries), []).shape == (0, entries)


@pytest.mark.parametrize("entries", [2, 4])
def test_the_parts_of_a_model_make_its_logits(entries: int) -> None:
    pipeline = fitted(entries)
    model = FaqClassifier(pipeline, CALIBRATION)
    assert model.coefficients.shape == (len(model.vocabulary.terms), entries)
    assert model.idf.shape == (len(model.vocabulary.terms),)
    weighted = pipeline[:2].transform(ASKED)
    np.testing.assert_allclose(
        weighted @ model.coefficients + model.intercepts, logits(pipeline, ASKED), atol=1e-12
    )
    np.testing.assert_allclose(
        model.predict_proba(ASKED), CALIBRATION.probabilities(logits(pipeline, ASKED))
    )
    assert model.predict_proba([]).shape == (0, entries)


def test_words_operators_and_typos_are_terms() -> None:
    terms = fitted(3).named_steps["termcounter"].tokenizer("Whats a===b?")
    assert {"whats", "===", "b", "?", "wha", " wha"} <= set(terms)


def test_the_features_by_hand() -> None:
    found = features(np.array([[1.0, 4.0, 2.0], [3.0, 3.0, 3.0]]), temperature=2.0)
    mass = np.log(np.exp([0.5, 2.0, 1.0]).sum())
    np.testing.assert_allclose(found, [[4.0, 2.0, mass], [3.0, 0.0, 1.5 + np.log(3)]])


def test_the_probabilities_by_hand() -> None:
    given_logits = np.array([[1.0, 4.0, 2.0]])
    mass = np.log(np.exp([0.5, 2.0, 1.0]).sum())
    answered = expit(0.5 * 4.0 + 0.25 * 2.0 - 0.125 * mass - 0.5)
    expected = MOST * answered * np.exp([0.5, 2.0, 1.0]) / np.exp([0.5, 2.0, 1.0]).sum()
    np.testing.assert_allclose(CALIBRATION.probabilities(given_logits), [expected])


@given(
    st.lists(st.floats(-500, 500), min_size=2, max_size=30),
    st.floats(0.02, 50),
    st.floats(-1000, 1000),
)
def test_probabilities_sum_to_less_than_one_and_keep_the_order(
    row: list[float], temperature: float, bias: float
) -> None:
    calibration = Calibration(temperature, np.array([0.1, 0.1, 0.1]), bias)
    probabilities = calibration.probabilities(np.array([row]))[0]
    assert (probabilities >= 0).all()
    assert probabilities.sum() < 1
    by_logit = probabilities[np.argsort(row, kind="stable")]
    assert (np.diff(by_logit) >= 0).all()
