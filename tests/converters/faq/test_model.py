from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from scipy.special import expit, softmax
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from converters.faq.margins import Margins
from converters.faq.model import (
    CANDIDATES,
    FEW,
    MOST,
    TRAINABLE,
    Calibration,
    FaqClassifier,
    candidates,
    classifier,
    features,
    logits,
    trainable,
)
from converters.faq.samples import ADVERSARIAL
from converters.faq.sparse import Centroids, SparseMargins
from server.tokenizer import Tokenizer
from tests import faq_set
from tests.converters.faq.conftest import FORMS

WEIGHTS = np.array([0.5, 0.25, -0.125, 0.75])
CALIBRATION = Calibration(temperature=2.0, weights=WEIGHTS, bias=-0.5)
ASKED = [*faq_set.NO_MATCH[:5], *ADVERSARIAL[:10]]


def fitted(entries: int, form: str = "dense") -> Any:
    found = faq_set.duplicates(entries)
    pipeline = classifier(entries, **{"texts": len(found)} | FORMS[form])
    return pipeline.fit([one.text for one in found], [one.entry for one in found])


@pytest.mark.parametrize("entries", [3, 5])
@pytest.mark.parametrize("form", FORMS)
def test_logits_are_those_of_the_classifier(entries: int, form: str) -> None:
    pipeline = fitted(entries, form)
    np.testing.assert_array_equal(logits(pipeline, ASKED), pipeline.decision_function(ASKED))


def test_two_entries_have_a_logit_each() -> None:
    own = faq_set.duplicates(2)
    pipeline = make_pipeline(TfidfVectorizer(), LinearSVC(random_state=0))
    pipeline.fit([one.text for one in own], [one.entry for one in own])
    found, decisions = logits(pipeline, ASKED), pipeline.decision_function(ASKED)
    assert decisions.ndim == 1
    np.testing.assert_allclose(found[:, 1] - found[:, 0], decisions)
    np.testing.assert_allclose(found.sum(axis=1), 0, atol=1e-12)


@pytest.mark.parametrize("few", [0, 2000])
def test_many_entries_are_learnt_too(few: int) -> None:
    entries = 400
    names = [f"thing{number}" for number in range(entries)]
    texts = [way.format(name) for name in names for way in ("how to {}", "why {} fails")]
    pipeline = classifier(entries, len(texts), Tokenizer(), few=few)
    pipeline.fit(texts, np.repeat(np.arange(entries), 2))
    found = pipeline.predict([f"is {name} good" for name in names])
    np.testing.assert_array_equal(found, np.arange(entries))


def test_the_form_follows_entries_and_texts() -> None:
    forms = {
        (2, TRAINABLE): Margins,
        (FEW, TRAINABLE): Margins,
        (FEW + 1, FEW + 1): SparseMargins,
        (1000, TRAINABLE // 1000): SparseMargins,
        (1000, TRAINABLE // 1000 + 1): Centroids,
    }
    for (entries, texts), kind in forms.items():
        assert type(classifier(entries, texts)[2]) is kind
        assert trainable(entries, texts) == (kind is not Centroids)


@pytest.mark.parametrize("entries", [2, 3])
@pytest.mark.parametrize("form", ["dense", "centroids"])
def test_no_texts_give_no_logits(entries: int, form: str) -> None:
    assert logits(fitted(entries, form), []).shape == (0, entries)


@pytest.mark.parametrize("entries", [2, 4])
@pytest.mark.parametrize("form", ["dense", "centroids"])
def test_the_parts_of_a_model_make_its_logits(entries: int, form: str) -> None:
    pipeline = fitted(entries, form)
    model = FaqClassifier(pipeline, CALIBRATION)
    assert model.coefficients.shape == (len(model.vocabulary.terms), entries)
    assert isinstance(model.coefficients, csr_matrix) == (form == "centroids")
    assert model.idf.shape == (len(model.vocabulary.terms),)
    weighted = pipeline[:2].transform(ASKED)
    np.testing.assert_allclose(
        weighted @ csr_matrix(model.coefficients).toarray() + model.intercepts,
        logits(pipeline, ASKED),
        atol=1e-12,
    )
    np.testing.assert_allclose(
        model.predict_proba(ASKED), CALIBRATION.probabilities(logits(pipeline, ASKED))
    )
    assert model.predict_proba([]).shape == (0, entries)


def test_stems_pairs_operators_and_typos_are_terms() -> None:
    terms = set(fitted(3)[0].tokenizer("Whats a===b?"))
    assert {"what*", "a*", "===*", "b*", "?*"} <= terms  # cut and starred
    assert {"what* a*", "what* ===*", "a* ===*"} <= terms  # beside each other, and one between
    assert "what* b*" not in terms
    assert {" wh", "hats", "ats "} <= terms


def test_the_features_by_hand() -> None:
    found = features(np.array([[1.0, 4.0, 2.0], [3.0, 3.0, 3.0]]), temperature=2.0)
    mass = np.log(np.exp([0.5, 2.0, 1.0]).sum())
    odds = 2.0 - np.log(np.exp([0.5, 1.0]).sum())
    expected = [[4.0, 2.0, mass, odds], [3.0, 0.0, 1.5 + np.log(3), -np.log(2)]]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_the_probabilities_by_hand() -> None:
    given_logits = np.array([[1.0, 4.0, 2.0]])
    shares = np.exp([0.5, 2.0, 1.0]) / np.exp([0.5, 2.0, 1.0]).sum()
    right = expit(features(given_logits, 2.0)[0] @ WEIGHTS - 3)
    assert right < shares[1]
    found = Calibration(2.0, WEIGHTS, -3).probabilities(given_logits)
    np.testing.assert_allclose(found, [MOST * right / shares[1] * shares])
    assert found.max() == pytest.approx(MOST * right)


def test_the_best_entry_gets_no_more_than_its_share() -> None:
    found = Calibration(2.0, WEIGHTS, 500).probabilities(np.array([[1.0, 4.0, 2.0]]))
    np.testing.assert_allclose(found, MOST * softmax([[0.5, 2.0, 1.0]], axis=1))


@given(
    st.lists(st.floats(-500, 500), min_size=2, max_size=30),
    st.floats(0.02, 50),
    st.floats(-1000, 1000),
)
def test_probabilities_sum_to_less_than_one_and_keep_the_order(
    row: list[float], temperature: float, bias: float
) -> None:
    calibration = Calibration(temperature, np.array([0.1, 0.1, 0.1, 0.1]), bias)
    probabilities = calibration.probabilities(np.array([row]))[0]
    assert (probabilities >= 0).all()
    assert probabilities.sum() < 1
    by_logit = probabilities[np.argsort(row, kind="stable")]
    assert (np.diff(by_logit) >= 0).all()


def test_the_best_are_candidates_and_the_first_of_equal_ones() -> None:
    rows = np.random.default_rng(0).normal(size=(3, CANDIDATES + 5))
    rows[1] = np.arange(CANDIDATES + 5) % 2
    rows[2] = 3.0
    kept = candidates(rows)
    assert (np.isfinite(kept).sum(axis=1) == CANDIDATES).all()
    assert np.sort(rows[0])[5] == kept[0][np.isfinite(kept[0])].min()
    assert np.isfinite(kept[1][rows[1] == 1]).all()
    assert np.isfinite(kept[2][:CANDIDATES]).all()
    few = rows[:, :CANDIDATES]
    np.testing.assert_array_equal(candidates(few), few)


def test_only_candidates_have_a_probability() -> None:
    rows = np.random.default_rng(0).normal(size=(4, CANDIDATES + 5))
    found = CALIBRATION.probabilities(rows)
    assert ((found > 0).sum(axis=1) == CANDIDATES).all()
    best = -np.sort(-rows, axis=1)[:, :CANDIDATES]
    np.testing.assert_allclose(
        -np.sort(-found, axis=1)[:, :CANDIDATES], CALIBRATION.probabilities(best)
    )
