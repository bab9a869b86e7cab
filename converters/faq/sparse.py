"""Classifiers of many entries: of each entry only the strongest terms are kept."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.preprocessing import normalize

from converters.faq.margins import Margins

# An entry keeps so many terms, and more where it has more texts: 2 KiB an entry, mostly.
LEAST_TERMS, TERMS_A_TEXT = 240, 72


class _Sparse(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    coef_: csr_matrix
    intercept_: npt.NDArray[np.float64]
    classes_: npt.NDArray[Any]

    def decision_function(self, texts: csr_matrix) -> npt.NDArray[np.float64]:
        """Decision values, float64 [texts, classes]."""
        return np.asarray((texts @ self.coef_).toarray() + self.intercept_)

    def predict(self, texts: csr_matrix) -> npt.NDArray[Any]:
        """The class with the highest decision value, [texts]."""
        return np.asarray(self.classes_[self.decision_function(texts).argmax(axis=1)])


class SparseMargins(_Sparse):
    """Margins whose classes keep their strongest terms; `coef_` is sparse, [terms, classes]."""

    def fit(self, texts: csr_matrix, labels: Sequence[int]) -> Self:
        """Learn from `texts` [texts, terms] of the classes `labels` [texts], three or more."""
        fitted = Margins(random_state=0).fit(texts, labels)
        self.classes_, self.intercept_ = fitted.classes_, fitted.intercept_
        most = kept_terms(texts.shape[0], len(self.classes_))
        self.coef_ = strongest(csr_matrix(fitted.coef_), most).T.tocsr()
        return self


class Centroids(_Sparse):
    """The decision value of a class is the cosine of a text and the sum of the class's texts.

    For where there are too many classes to learn a margin for each. A term keeps its `classes`
    strongest classes, which bounds the time of a question; `coef_` is sparse, [terms, classes].
    """

    def __init__(self, classes: int = 256) -> None:
        self.classes = classes

    def fit(self, texts: csr_matrix, labels: Sequence[int]) -> Self:
        """Learn from `texts` [texts, terms], rows of length 1, of the classes `labels` [texts]."""
        self.classes_, places = np.unique(labels, return_inverse=True)
        members = csr_matrix(
            (np.ones(len(places)), (places, np.arange(len(places)))),
            shape=(len(self.classes_), len(places)),
        )
        most = kept_terms(len(places), len(self.classes_))
        centroids = strongest(normalize(members @ texts), most)
        self.coef_ = strongest(centroids.T.tocsr(), self.classes)
        self.intercept_ = np.zeros(len(self.classes_))
        return self


def kept_terms(texts: int, classes: int) -> int:
    """How many terms a class keeps."""
    return max(LEAST_TERMS, TERMS_A_TEXT * texts // classes)


def strongest(matrix: csr_matrix, most: int) -> csr_matrix:
    """`matrix` with the `most` values of each row that are farthest from 0; ties in order.

    Values are rounded to what float16 holds: 6 bytes a value are all that a model's file needs.
    """
    matrix = matrix.sorted_indices()
    sizes, kept = np.abs(matrix.data), np.ones(matrix.nnz, bool)
    starts, ends = matrix.indptr[:-1], matrix.indptr[1:]
    for row in np.flatnonzero(ends - starts > most):  # sorting all at once takes ten times as long
        own = slice(starts[row], ends[row])
        kept[own] = _largest(sizes[own], most)
    values = matrix.data[kept].astype(np.float16).astype(np.float64)
    starts_of_rows = np.append(0, np.cumsum(kept))[matrix.indptr]
    return csr_matrix((values, matrix.indices[kept], starts_of_rows), shape=matrix.shape)


def _largest(sizes: npt.NDArray[np.float64], most: int) -> npt.NDArray[np.bool_]:
    """Which of more than `most` sizes are the largest; of equal ones the first."""
    least = np.partition(sizes, -most)[-most] if most else np.inf
    largest: npt.NDArray[np.bool_] = sizes > least
    largest[np.flatnonzero(sizes == least)[: most - np.count_nonzero(largest)]] = True
    return largest
