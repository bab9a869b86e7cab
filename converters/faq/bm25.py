"""BM25, whose documents are the entries: what each term says for each entry, without any learning.

As a linear model it costs nothing beside another one: both are one table of coefficients.
"""

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

# How slowly a term's further texts count for less, and how much longer entries are discounted.
# Chosen by cross-validation on the training files of three sets, one configuration for all.
SATURATION, LENGTH = 4.0, 0.75


def bm25(texts: csr_matrix, places: npt.NDArray[np.int64], entries: int) -> csr_matrix:
    """Coefficients, float64 [entries, terms], of `texts` [texts, terms] of the entries `places`.

    A term's frequency in an entry is the number of the entry's texts that have it; the length of an
    entry is the sum of these. Source: Robertson and Zaragoza, The Probabilistic Relevance
    Framework: BM25 and Beyond, 2009; with the smoothed inverse entry frequency of scikit-learn.
    """
    members = csr_matrix(
        (np.ones(len(places)), (places, np.arange(len(places)))), shape=(entries, len(places))
    )
    found = csr_matrix(members @ (texts > 0).astype(np.float64))
    lengths = np.asarray(found.sum(axis=1)).ravel()
    relative = lengths / max(lengths.mean(), 1e-30)
    owner = np.repeat(np.arange(entries), np.diff(found.indptr))
    having = np.bincount(found.indices, minlength=found.shape[1])
    rarity = np.log((1 + entries) / (1 + having)) + 1
    discount = SATURATION * (1 - LENGTH + LENGTH * relative[owner])
    found.data = (SATURATION + 1) * found.data / (found.data + discount) * rarity[found.indices]
    found.sort_indices()
    return found
