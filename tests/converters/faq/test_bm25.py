"""BM25 by hand: each entry's coefficients from the numbers of its texts that have a term."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from converters.faq.bm25 import LENGTH, SATURATION, bm25

# Texts of the entries 0, 0, 1, 2; columns are terms. How often a term stands in a text is nothing.
TEXTS = csr_matrix([[1.0, 0.2, 0, 0], [9.0, 0, 0.3, 0], [0, 0, 0.5, 0], [0, 0, 0, 0]])
PLACES = np.array([0, 0, 1, 2])


def test_coefficients_by_hand() -> None:
    found = bm25(TEXTS, PLACES, 3).toarray()
    frequency = np.array([[2, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 0]])
    lengths, having = frequency.sum(axis=1), (frequency > 0).sum(axis=0)
    for entry in range(3):
        for term in range(4):
            count = int(frequency[entry, term])
            discount = SATURATION * (1 - LENGTH + LENGTH * lengths[entry] / lengths.mean())
            rarity = math.log((1 + 3) / (1 + having[term])) + 1
            expected = (SATURATION + 1) * count / (count + discount) * rarity
            assert found[entry, term] == pytest.approx(expected)


def test_rarer_terms_and_more_texts_speak_louder() -> None:
    found = bm25(TEXTS, PLACES, 3).toarray()
    assert found[0, 0] > found[0, 1] > found[0, 2]
    assert found[1, 2] > found[0, 2]  # the same count in a shorter entry


def test_texts_without_terms_say_nothing() -> None:
    assert bm25(csr_matrix((2, 3)), np.array([0, 1]), 2).nnz == 0


@given(st.integers(0, 99), st.integers(1, 9), st.integers(1, 5))
def test_the_order_of_the_texts_does_not_matter(seed: int, texts: int, entries: int) -> None:
    rng = np.random.default_rng(seed)
    matrix = csr_matrix(rng.random((texts, 6)) * (rng.random((texts, 6)) < 0.4))
    places = rng.integers(entries, size=texts)
    order = rng.permutation(texts)
    one, other = bm25(matrix, places, entries), bm25(matrix[order], places[order], entries)
    assert one.has_sorted_indices
    np.testing.assert_allclose(one.toarray(), other.toarray())
