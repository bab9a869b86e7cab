"""Kernel ridge regression on embeddings, centroids of many texts, and what is embedded once."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.kernel_ridge import KernelRidge

from converters.encoder.model import Encoder
from converters.encoder.source import from_folder
from converters.faq.semantic import GAMMA, OWN, RIDGE, Embedded, Vectors, fit, kernel
from tests.converters.encoder import folder as small

LABELS = np.array([0, 0, 1, 1, 1, 2, 3, 3, 2, 0])


def vectors(count: int, seed: int = 0) -> Vectors:
    """Embeddings of length 1."""
    drawn = np.random.default_rng(seed).normal(size=(count, 5))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)


KNOWN, ASKED = vectors(len(LABELS)), vectors(6, seed=1)


def test_the_kernel_by_hand() -> None:
    found = kernel(ASKED, KNOWN)
    for asked, row in zip(ASKED, found, strict=True):
        for known, alike in zip(KNOWN, row, strict=True):
            cosine = sum(float(a) * float(b) for a, b in zip(asked, known, strict=True))
            assert alike == pytest.approx(np.exp(GAMMA * (cosine - 1)), abs=1e-9)
    np.testing.assert_allclose(np.diag(kernel(KNOWN, KNOWN)), 1, atol=1e-6)


def test_logits_are_those_of_scikit_learn() -> None:
    usual = KernelRidge(kernel="precomputed", alpha=RIDGE)
    usual.fit(kernel(KNOWN, KNOWN), np.eye(4)[LABELS])
    fitted = fit(KNOWN, LABELS)
    own = kernel(ASKED, KNOWN[[0, 2, 5, 6]])  # the first text of each entry is its question
    expected = usual.predict(kernel(ASKED, KNOWN)) + OWN * own
    np.testing.assert_allclose(fitted.logits(ASKED), expected, atol=1e-6)
    assert fitted.logits(KNOWN).argmax(axis=1).tolist() == LABELS.tolist()
    assert fitted.logits(KNOWN[:0]).shape == (0, 4)


def test_of_too_many_texts_an_entry_is_their_centroid() -> None:
    fitted = fit(KNOWN, LABELS, most=len(LABELS) - 1)
    assert fitted.dual is None
    sums = np.array([KNOWN[label == LABELS].sum(axis=0) for label in range(4)])
    np.testing.assert_allclose(
        fitted.known, sums / np.linalg.norm(sums, axis=1, keepdims=True), atol=1e-6
    )
    np.testing.assert_allclose(fitted.logits(ASKED), kernel(ASKED, fitted.known))
    assert fit(KNOWN, LABELS, most=len(LABELS)).dual is not None


@pytest.mark.parametrize("most", [0, 100])
def test_entries_may_be_missing(most: int) -> None:
    """Those of a fold without some entries are numbered from 0 again."""
    few, renumbered = LABELS[LABELS != 1], np.array([0, 0, 1, 2, 2, 1, 0])
    kept = KNOWN[LABELS != 1]
    np.testing.assert_array_equal(
        fit(kept, few, most=most).logits(ASKED), fit(kept, renumbered, most=most).logits(ASKED)
    )


def test_vectors_that_cancel_out_are_no_entry() -> None:
    opposite = np.array([[1, 0], [-1, 0], [0, 1]], np.float32)
    found = fit(opposite, np.array([0, 0, 1]), most=0).logits(opposite)
    assert np.isfinite(found).all()


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    return from_folder(small.write(tmp_path_factory.mktemp("encoder")))


def test_a_text_is_embedded_once(encoder: Encoder) -> None:
    texts = [*small.TEXTS, small.TEXTS[0]]
    embedded = Embedded.of(encoder, texts)
    assert set(embedded.vectors) == set(small.TEXTS)
    embedded.vectors["a"] = np.ones(encoder.width, np.float32)  # so that it is taken from here
    asked = ["a", "not seen before", "a", "?"]
    found = embedded(asked)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found[[0, 2]], np.ones((2, encoder.width)))
    np.testing.assert_allclose(found[[1, 3]], encoder.embed([asked[1], asked[3]]), atol=1e-6)
    assert "not seen before" in embedded.vectors
    assert embedded([]).shape == (0, encoder.width)


def test_embeddings_of_a_folder(encoder: Encoder, tmp_path: Path) -> None:
    """An encoder that was read again gives the same."""
    again = from_folder(small.write(tmp_path))
    np.testing.assert_array_equal(
        Embedded.of(again, list(small.TEXTS))(small.TEXTS), encoder.embed(small.TEXTS)
    )
