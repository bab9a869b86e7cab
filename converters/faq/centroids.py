"""Where there are too many entries to learn a margin for each: an entry is what its texts share."""

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.preprocessing import normalize


class Centroids(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """The decision value of a class is the cosine of a text and the sum of the class's texts.

    Both are cut: a class keeps its `terms` strongest terms, which bounds the memory, and a term its
    `classes` strongest classes, which bounds the time of a question.
    """

    def __init__(self, terms: int = 160, classes: int = 256) -> None:
        self.terms = terms
        self.classes = classes

    def fit(self, texts: csr_matrix, labels: Sequence[int]) -> Self:
        """Learn from `texts` [texts, terms], rows of length 1, of the classes `labels` [texts]."""
        self.classes_, places = np.unique(labels, return_inverse=True)
        members = csr_matrix(
            (np.ones(len(places)), (places, np.arange(len(places)))),
            shape=(len(self.classes_), len(places)),
        )
        centroids = strongest(normalize(members @ texts), self.terms)
        self.coef_: csr_matrix = strongest(centroids.T.tocsr(), self.classes)
        self.intercept_ = np.zeros(len(self.classes_))
        return self

    def decision_function(self, texts: csr_matrix) -> npt.NDArray[np.float64]:
        """Decision values, float64 [texts, classes]."""
        return np.asarray((texts @ self.coef_).toarray())

    def predict(self, texts: csr_matrix) -> npt.NDArray[np.int64]:
        """The class with the highest decision value, [texts]."""
        return np.asarray(self.classes_[self.decision_function(texts).argmax(axis=1)])


def strongest(matrix: csr_matrix, most: int) -> csr_matrix:
    """`matrix` with no more than the `most` largest values of each row; ties in column order."""
    lengths = np.diff(matrix.indptr)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    order = np.lexsort((matrix.indices, -matrix.data, rows))
    places = np.arange(len(order)) - np.repeat(matrix.indptr[:-1], lengths)
    kept = np.sort(order[places < most])
    made = csr_matrix((matrix.data[kept], (rows[kept], matrix.indices[kept])), shape=matrix.shape)
    made.sort_indices()
    return made
