"""The classic recipe's model: trees over the words of a question and of an entry.

A question is scored in pairs with every entry.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, hstack
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from converters.faq.model import Array, Calibration
from server.tokenizer import Vocabulary

if TYPE_CHECKING:
    import lightgbm

_ROWS = 10_000  # pairs scored at once, to bound the memory


@dataclass(frozen=True)
class PairModel:
    """Fitted trees over pairs: `asked` makes a question's features, `known` are the entries' own.

    Features are float32, so that what is an ulp apart in float64 is on the same side of a
    threshold here and in the graph. `known` is [entries, terms]; its columns follow those of
    `asked`. The first `trees` trees of `booster` count.
    """

    asked: Pipeline
    known: csr_matrix
    booster: "lightgbm.Booster"
    trees: int

    @property
    def vocabulary(self) -> Vocabulary:
        """What turns a question into terms, and the terms that are known."""
        return cast(Vocabulary, self.asked[0].vocabulary_)

    def margins(self, texts: Sequence[str], start: int = 0) -> Array:
        """Log odds that texts and entries match, [texts, entries], by trees from `start`."""
        entries = self.known.shape[0]
        found = np.zeros((len(texts), entries))
        step = max(1, _ROWS // entries)
        for first in range(0, len(texts), step):
            part = texts[first : first + step]
            rows = np.repeat(np.arange(len(part)), entries)
            columns = np.tile(np.arange(entries), len(part))
            pairs = join(features(self.asked, part), rows, self.known, columns)
            scores = self.booster.predict(
                pairs,
                start_iteration=start,
                num_iteration=self.trees - start,
                raw_score=True,
                num_threads=1,
            )
            found[first : first + step] = np.reshape(cast(Array, scores), (len(part), entries))
        return found


class PairClassifier(BaseEstimator):  # type: ignore[misc]
    """A fitted PairModel with its calibration: what is converted to ONNX."""

    def __init__(self, model: PairModel, calibration: Calibration) -> None:
        self.model = model
        self.calibration = calibration

    @property
    def vocabulary(self) -> Vocabulary:
        """What turns a text into terms, and the terms that are known."""
        return self.model.vocabulary

    def predict_proba(self, texts: Sequence[str]) -> Array:
        """The chance that each entry answers, float64 [texts, entries]; rows sum to at most 1."""
        calibration: Calibration = self.calibration
        return calibration.probabilities(self.model.margins(texts))


def features(pipeline: Pipeline, texts: Sequence[str]) -> csr_matrix:
    """TF-IDF of `texts`, float32 [texts, terms]."""
    return pipeline.transform(texts).astype(np.float32)


def join(
    questions: csr_matrix,
    rows: npt.NDArray[np.int64],
    known: csr_matrix,
    columns: npt.NDArray[np.int64],
) -> csr_matrix:
    """Features of pairs: those of questions at `rows` and of known entries at `columns`."""
    return hstack([questions[rows], known[columns]], format="csr")
