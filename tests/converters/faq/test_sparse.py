"""Classifiers of many classes: margins and centroids, cut to the strongest terms and classes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from sklearn.preprocessing import normalize

from converters.faq.margins import Margins
from converters.faq.sparse import (
    LEAST_TERMS,
    TERMS_A_TEXT,
    Centroids,
    SparseMargins,
    kept_terms,
    strongest,
)

HALF = 2**-11  # what float16 rounds values up to 1 by, at most


def rows(count: int, columns: int, seed: int = 0) -> csr_matrix:
    """Sparse rows of length 1."""
    rng = np.random.default_rng(seed)
    dense = rng.random((count, columns)) * (rng.random((count, columns)) < 0.3)
    return normalize(csr_matrix(dense))


def test_a_class_is_the_direction_of_its_texts() -> None:
    texts = rows(12, 20)
    labels = [3, 5, 9] * 4
    fitted = Centroids().fit(texts, labels)
    assert fitted.classes_.tolist() == [3, 5, 9]
    sums = np.array([texts[np.array(labels) == label].sum(axis=0).A1 for label in (3, 5, 9)])
    expected = sums / np.linalg.norm(sums, axis=1, keepdims=True)
    np.testing.assert_allclose(fitted.coef_.toarray(), expected.T, atol=HALF)
    asked = rows(5, 20, seed=1)
    decisions = fitted.decision_function(asked)
    np.testing.assert_allclose(decisions, asked @ fitted.coef_.toarray(), atol=1e-12)
    assert fitted.predict(asked).tolist() == [[3, 5, 9][best] for best in decisions.argmax(axis=1)]
    assert fitted.intercept_.tolist() == [0, 0, 0]


def test_margins_are_cut() -> None:
    texts, labels = rows(30, 20), [3, 5, 9] * 10
    usual = Margins(random_state=0).fit(texts, labels)
    fitted = SparseMargins().fit(texts, labels)  # few terms: none is cut
    np.testing.assert_allclose(fitted.coef_.toarray(), usual.coef_.T, atol=HALF)
    np.testing.assert_array_equal(fitted.intercept_, usual.intercept_)
    asked = rows(9, 20, seed=1)
    np.testing.assert_allclose(
        fitted.decision_function(asked), usual.decision_function(asked), atol=20 * HALF
    )
    assert fitted.predict(asked).tolist() == usual.predict(asked).tolist()


def test_a_class_keeps_its_strongest_terms_by_the_number_of_its_texts() -> None:
    for texts in (2, 10):
        most = kept_terms(3 * texts, 3)
        weights = rows(3 * texts, 2000)
        labels = [0, 1, 2] * texts
        for fitted in (SparseMargins().fit(weights, labels), Centroids().fit(weights, labels)):
            assert (np.diff(fitted.coef_.tocsc().indptr) == most).all()
    usual = Margins(random_state=0).fit(weights, labels).coef_
    kept = SparseMargins().fit(weights, labels).coef_.toarray().T
    for row, own in zip(usual, kept, strict=True):
        assert np.abs(row[own == 0]).max() <= np.abs(row[own != 0]).min()
        np.testing.assert_allclose(own[own != 0], row[own != 0], atol=HALF)


def test_more_texts_keep_more_terms() -> None:
    assert kept_terms(1, 1) == kept_terms(5, 5) == LEAST_TERMS
    assert kept_terms(1000, 10) == 100 * TERMS_A_TEXT > LEAST_TERMS


def test_a_term_keeps_its_strongest_classes() -> None:
    texts = normalize(csr_matrix([[9.0, 1.0], [2.0, 1.0], [1.0, 2.0], [1.0, 9.0]]))
    kept = Centroids(classes=1).fit(texts, [0, 1, 2, 3]).coef_.toarray()
    np.testing.assert_array_equal(kept != 0, [[1, 0, 0, 0], [0, 0, 0, 1]])


def test_a_class_without_a_known_term_stays_empty() -> None:
    texts = csr_matrix([[1.0, 0.0], [0.0, 0.0]])
    decisions = Centroids().fit(texts, [0, 1]).decision_function(texts)
    np.testing.assert_array_equal(decisions, [[1, 0], [0, 0]])


@pytest.mark.parametrize(
    ("row", "most", "kept"),
    [
        ([1.0, 3.0, 2.0], 2, [0, 3, 2]),
        ([2.0, 1.0, 2.0, 2.0], 2, [2, 0, 2, 0]),  # of equal ones the first
        ([0.5, 0.5], 5, [0.5, 0.5]),
        ([1.0, -3.0, 2.0], 2, [0, -3, 2]),
        ([1.0, -2.0, 2.0], 1, [0, -2, 0]),
        ([1.0, 2.0], 0, [0, 0]),
    ],
)
def test_the_strongest_by_hand(row: list[float], most: int, kept: list[float]) -> None:
    assert strongest(csr_matrix([row]), most).toarray().tolist() == [kept]


def test_values_are_what_float16_holds() -> None:
    values = np.random.default_rng(0).normal(size=(9, 30))
    kept = strongest(csr_matrix(values), 30).toarray()
    assert kept.dtype == np.float64
    np.testing.assert_array_equal(kept, values.astype(np.float16))


@given(st.integers(0, 99), st.integers(0, 8), st.integers(1, 9), st.integers(1, 12))
def test_the_strongest_are_those_of_sorting(seed: int, count: int, columns: int, most: int) -> None:
    # Few different values, so that ties are common.
    dense = np.random.default_rng(seed).integers(-2, 3, (count, columns)).astype(float)
    expected = np.zeros_like(dense)
    for kept, row in zip(expected, dense, strict=True):
        best = sorted(range(columns), key=lambda column: (-abs(row[column]), column))[:most]
        kept[best] = row[best]
    found = strongest(csr_matrix(dense), most)
    np.testing.assert_array_equal(found.toarray(), expected)
    assert found.has_sorted_indices
