"""Linear margins and BM25 in one: what is learned of an entry, and what its texts alone say."""

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.svm import LinearSVC

from converters.faq.bm25 import bm25

# What BM25 weighs beside a margin. Chosen by cross-validation on the training files of three sets:
# it adds one to three points of accuracy, most where entries have few duplicates.
WEIGHT = 0.02


class Margins(LinearSVC):  # type: ignore[misc]
    """LinearSVC, one class against the rest, and BM25; two classes have two rows in `coef_` too."""

    coef_: npt.NDArray[np.float64]
    intercept_: npt.NDArray[np.float64]

    def fit(self, texts: csr_matrix, labels: Sequence[int]) -> Self:
        """Learn from `texts` [texts, terms], TF-IDF, of the classes `labels` [texts]."""
        super().fit(texts, labels)
        if len(self.classes_) == 2:  # scikit-learn has one row, of the second against the first
            self.coef_ = np.vstack([-self.coef_, self.coef_]) / 2
            self.intercept_ = np.hstack([-self.intercept_, self.intercept_]) / 2
        places = np.unique(labels, return_inverse=True)[1]
        self.coef_ += WEIGHT * bm25(texts, places, len(self.classes_)).toarray()
        return self
