"""The FAQ model as scikit-learn has it: a classifier, one class an entry, and its calibration."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logsumexp, softmax
from sklearn.base import BaseEstimator
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from converters.faq.features import TermCounter
from server.tokenizer import Tokenizer, Vocabulary

Array = npt.NDArray[np.float64]

# A probability of 1 would let float32 sums over the entries pass 1.
MOST = 1 - 1e-5

# Chosen by cross-validation on the training files of three sets, one configuration for all: words
# with operators and punctuation as terms of their own, and character n-grams for typos.
TOKENIZER = Tokenizer(token_pattern=r"\w+|[^\w\s]+", char_ngrams=(3, 4))  # noqa: S106


def classifier(entries: int, tokenizer: Tokenizer = TOKENIZER, min_df: int = 2) -> Any:
    """An unfitted pipeline from texts to one class an entry: terms, TF-IDF, logistic regression.

    `entries` is the number of classes. The gradient that the solver starts from is about 0.1 over
    it, so a fixed tolerance stops it too early, or before its first step, where there are many.
    """
    return make_pipeline(
        TermCounter(tokenizer, min_df),
        TfidfTransformer(sublinear_tf=True),
        LogisticRegression(C=100, tol=min(1e-4, 0.015 / entries), max_iter=300),
    )


def logits(fitted: Any, texts: Sequence[str]) -> Array:
    """Decision values, float64 [texts, classes], also where there are only two classes."""
    if not texts:  # which scikit-learn refuses
        return np.zeros((0, len(fitted.classes_)))
    decisions: Array = fitted.decision_function(texts)
    return _both_classes(decisions.reshape(len(texts), -1))


def _both_classes(columns: Array) -> Array:
    """Scikit-learn has a single column for two classes: half of it against the other half."""
    return columns if columns.shape[1] > 1 else np.hstack([-columns, columns]) / 2


@dataclass(frozen=True)
class Calibration:
    """From logits to probabilities that sum to less than 1: what is left is "no entry answers".

    probability = P(answered) * softmax(logits / temperature), where P(answered) is a logistic
    function of three features of the logits, weighted by `weights` [3] and `bias`.
    """

    temperature: float
    weights: Array
    bias: float

    def probabilities(self, logits: Array) -> Array:
        """The chance of each entry, float64 [N, entries], from logits [N, entries]."""
        answered = expit(features(logits, self.temperature) @ self.weights + self.bias)
        shares = softmax(logits / self.temperature, axis=1)
        return np.asarray(MOST * answered[:, np.newaxis] * shares)


def features(logits: Array, temperature: float) -> Array:
    """What tells whether any entry answers, [N, 3]: the best logit, its lead, the mass of all."""
    best = np.sort(logits, axis=1)[:, ::-1][:, :2]
    mass = logsumexp(logits / temperature, axis=1)
    return np.column_stack([best[:, 0], best[:, 0] - best[:, 1], mass])


class FaqClassifier(BaseEstimator):  # type: ignore[misc]
    """A fitted pipeline of `classifier` with its calibration: what is converted to ONNX."""

    def __init__(self, pipeline: Any, calibration: Calibration) -> None:
        self.pipeline = pipeline
        self.calibration = calibration

    @property
    def vocabulary(self) -> Vocabulary:
        """What turns a text into terms, and the terms that are known."""
        return cast(Vocabulary, self.pipeline[0].vocabulary_)

    @property
    def idf(self) -> Array:
        """The weight of each term, float64 [terms]."""
        return np.asarray(self.pipeline[1].idf_)

    @property
    def coefficients(self) -> Array:
        """What a term's weight adds to each entry's logit, float64 [terms, entries]."""
        return _both_classes(self.pipeline[2].coef_.T)

    @property
    def intercepts(self) -> Array:
        """Logits of a text without known terms, float64 [entries]."""
        logits: Array = _both_classes(self.pipeline[2].intercept_[np.newaxis])[0]
        return logits

    def predict_proba(self, texts: Sequence[str]) -> Array:
        """The chance that each entry answers, float64 [texts, entries]; rows sum to at most 1."""
        calibration: Calibration = self.calibration
        return calibration.probabilities(logits(self.pipeline, texts))
