"""Margins with BM25: the sum of both, for two classes too."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.preprocessing import normalize
from sklearn.svm import LinearSVC

from converters.faq.bm25 import bm25
from converters.faq.margins import WEIGHT, Margins


def rows(count: int, columns: int, seed: int = 0) -> csr_matrix:
    """Sparse rows of length 1."""
    rng = np.random.default_rng(seed)
    dense = rng.random((count, columns)) * (rng.random((count, columns)) < 0.3)
    return normalize(csr_matrix(dense))


@pytest.mark.parametrize("labels", [[3, 5, 9], [3, 5]])
def test_both_add_up(labels: list[int]) -> None:
    texts, own = rows(30, 20), labels * (30 // len(labels))
    fitted = Margins(random_state=0).fit(texts, own)
    margin = LinearSVC(random_state=0).fit(texts, own)
    places = np.searchsorted(labels, own)
    asked = rows(9, 20, seed=1)
    decisions = margin.decision_function(asked)
    if len(labels) == 2:
        decisions = np.column_stack([-decisions, decisions]) / 2
    expected = decisions + WEIGHT * (asked @ bm25(texts, places, len(labels)).T).toarray()
    np.testing.assert_allclose(fitted.decision_function(asked), expected, atol=1e-12)
    assert fitted.coef_.shape == (len(labels), 20)
    best = expected.argmax(axis=1)
    assert fitted.predict(asked).tolist() == [labels[place] for place in best]
