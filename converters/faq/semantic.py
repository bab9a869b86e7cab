"""What a sentence encoder adds: how alike a question's meaning is to that of known texts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve

from converters.encoder.model import Encoder

Vectors = npt.NDArray[np.float32]

# Chosen by cross-validation on the training files of three sets, one configuration for all.
GAMMA, RIDGE = 4.0, 1.0
# What being like an entry's own question counts beside what is learned.
OWN = 0.2
# Memory and time of the training grow with the square and the cube of the texts.
MOST_TEXTS = 8_000


@dataclass(frozen=True)
class Semantic:
    """Kernel ridge regression on embeddings: exp(GAMMA * (cosine - 1)) to each of `known`, @ dual.

    `known` are embeddings float32 [texts, width], `dual` float32 [texts, entries]. Without `dual`,
    `known` are the entries' centroids [entries, width], and the kernel itself is the logit.
    """

    known: Vectors
    dual: Vectors | None

    def logits(self, vectors: Vectors) -> npt.NDArray[np.float64]:
        """Logits, float64 [n, entries], of embeddings [n, width]."""
        alike = kernel(vectors, self.known)
        return alike if self.dual is None else alike @ self.dual.astype(np.float64)


def fit(vectors: Vectors, labels: npt.NDArray[np.int64], most: int = MOST_TEXTS) -> Semantic:
    """Learn from embeddings [n, width] of texts of the entries `labels` [n], each from 0 up.

    The first text of an entry is its own question. Of more than `most` texts an entry is the
    centroid of its own.
    """
    _, first, places = np.unique(labels, return_index=True, return_inverse=True)
    if len(vectors) > most:
        return Semantic(_centroids(vectors, places), None)
    members = np.zeros((len(places), int(places.max()) + 1))
    members[np.arange(len(places)), places] = 1
    similar = kernel(vectors, vectors)
    similar[np.diag_indices(len(similar))] += RIDGE
    dual = cho_solve(cho_factor(similar, overwrite_a=True, check_finite=False), members)
    dual[first, np.arange(len(first))] += OWN
    return Semantic(vectors, dual.astype(np.float32))


def kernel(vectors: Vectors, known: Vectors) -> npt.NDArray[np.float64]:
    """How alike rows of both are, float64 [n, known]: 1 where they are the same."""
    cosine = vectors.astype(np.float64) @ known.T.astype(np.float64)
    return np.asarray(np.exp(GAMMA * (cosine - 1)))


def _centroids(vectors: Vectors, places: npt.NDArray[np.int64]) -> Vectors:
    sums = np.zeros((int(places.max()) + 1, vectors.shape[1]), np.float32)
    np.add.at(sums, places, vectors)
    lengths = np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
    return np.asarray(sums / lengths)


@dataclass(frozen=True)
class Embedded:
    """An encoder and the embeddings of texts that were needed before."""

    encoder: Encoder
    vectors: dict[str, Vectors]

    @classmethod
    def of(cls, encoder: Encoder, texts: list[str]) -> "Embedded":
        """Embed `texts`, each once."""
        distinct = list(dict.fromkeys(texts))
        return cls(encoder, dict(zip(distinct, encoder.embed(distinct, "embedding"), strict=True)))

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Embeddings, float32 [n, width]."""
        if new := [text for text in dict.fromkeys(texts) if text not in self.vectors]:
            self.vectors.update(zip(new, self.encoder.embed(new), strict=True))
        made = np.zeros((len(texts), self.encoder.width), np.float32)
        for row, text in enumerate(texts):
            made[row] = self.vectors[text]
        return made
