"""Margins with BM25: the sum of both, for two classes too."""

from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.preprocessing import normalize
from sklearn.svm import LinearSVC

import converters.faq
from converters.faq import data
from converters.faq.bm25 import bm25
from converters.faq.folds import training_set
from converters.faq.margins import WEIGHT, Margins
from converters.faq.model import classifier, logits


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


def test_entries_that_have_their_own_words_alone_gain() -> None:
    folder = Path(converters.faq.__file__).parent / "javascript"
    entries = data.read_originals(folder / "originals.jsonl")
    asked = data.read_duplicates(folder / "duplicates_test.jsonl", entries)
    texts, labels = training_set(entries, [])
    pipeline = classifier(len(entries), len(texts)).fit(texts, labels)
    own = np.array([one.entry for one in asked])
    questions = [one.text for one in asked]
    weighted = pipeline[:-1].transform(questions)
    margin = LinearSVC(random_state=0).fit(pipeline[:-1].transform(texts), labels)
    alone = (margin.predict(weighted) == own).mean()
    both = (logits(pipeline, questions).argmax(axis=1) == own).mean()
    assert both >= max(0.49, alone + 0.02)  # measured: .506 beside .463
