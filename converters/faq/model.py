"""The FAQ model as scikit-learn has it: a classifier, one class an entry, and its calibration."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from scipy.special import expit, logsumexp, softmax
from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline

from converters.faq.features import KindTfidf, TermCounter
from converters.faq.margins import Margins
from converters.faq.semantic import Embedded, Semantic
from converters.faq.sparse import Centroids, SparseMargins
from server.tokenizer import Tokenizer, Vocabulary

Array = npt.NDArray[np.float64]

# What others have of the best entry's share is not told from 0 below this.
LEAST = 1e-16
# As many as one answer may ask for.
CANDIDATES = 1000
# A probability of 1 would let float32 sums over the entries pass 1.
MOST = 1 - 1e-5

# Chosen by cross-validation on the training files of three sets, one configuration for all: stems,
# pairs of stems that stand close together, and character n-grams for what stems cut apart.
TOKENIZER = Tokenizer(
    token_pattern=r"\w+|[^\w\s]+",  # noqa: S106 - a pattern for tokens, not a secret
    prefix=4,
    skip=1,
    char_ngrams=(3, 4),
)
PAIRS, NGRAMS = 0.7, 0.35

# Up to so many entries have a table of coefficients, terms times entries, of at most such a size.
FEW, TABLE = 300, 8_000_000
# More have a list of entries for each term. Margins are learned where entries times texts are at
# most so many, which takes minutes, by a table of such a size.
TRAINABLE, LEARNED = 6_000_000, 48_000_000
# Still more are centroids of so many terms.
TERMS = 150_000
# Logits, questions times entries, that are looked at at once.
MOST_LOGITS = 50_000_000


def classifier(entries: int, texts: int, tokenizer: Tokenizer = TOKENIZER, few: int = FEW) -> Any:
    """An unfitted pipeline from texts to one class an entry: terms, TF-IDF, a linear classifier.

    A margin is learned where there are few enough of `entries` and `texts`; else an entry is the
    centroid of its texts. Of more than `few` entries only the strongest terms are kept.
    """
    if entries <= few:
        counter, linear = TermCounter(tokenizer, 1, TABLE // entries), Margins(random_state=0)
    elif trainable(entries, texts, few):
        counter, linear = TermCounter(tokenizer, 1, LEARNED // entries), SparseMargins()
    else:
        counter, linear = TermCounter(tokenizer, 2, TERMS), Centroids()
    return make_pipeline(counter, KindTfidf(counter, PAIRS, NGRAMS), linear)


def trainable(entries: int, texts: int, few: int = FEW) -> bool:
    """Whether margins are learned in minutes."""
    return entries * texts <= TRAINABLE or entries <= few


@dataclass(frozen=True)
class Size:
    """A FAQ's numbers of entries and of all their texts, which decide how it is learned."""

    entries: int
    texts: int

    @property
    def trainable(self) -> bool:
        """Whether margins are learned in minutes."""
        return trainable(self.entries, self.texts)

    @property
    def most(self) -> int:
        """So many questions' logits may be looked at at once."""
        return max(1, MOST_LOGITS // self.entries)


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

    Shares are softmax(logits / temperature). The best entry's probability is a logistic function of
    four features of the logits, weighted by `weights` [4] and `bias`, but not more than its share;
    the others' probabilities are to it as their shares are.
    """

    temperature: float
    weights: Array
    bias: float

    def probabilities(self, logits: Array) -> Array:
        """The chance of each entry, float64 [N, entries], from logits [N, entries].

        Only the CANDIDATES best entries have one, the first of equal ones.
        """
        known = candidates(logits)
        right = expit(features(known, self.temperature) @ self.weights + self.bias)
        shares = softmax(known / self.temperature, axis=1)
        kept = np.minimum(1, right / shares.max(axis=1))
        return np.asarray(MOST * kept[:, np.newaxis] * shares)


def candidates(logits: Array) -> Array:
    """`logits` [N, entries] with all but the CANDIDATES best of each row at minus infinity."""
    if logits.shape[1] <= CANDIDATES:
        return logits
    best = np.argsort(-logits, axis=1, kind="stable")[:, :CANDIDATES]
    kept = np.full_like(logits, -np.inf)
    np.put_along_axis(kept, best, np.take_along_axis(logits, best, axis=1), axis=1)
    return kept


def features(logits: Array, temperature: float) -> Array:
    """What tells whether the best entry is right, [N, 4], from logits [N, entries].

    The best logit, its lead, the mass of all, and the log odds of its share.
    """
    scaled = logits / temperature
    best = -np.partition(-logits, 1, axis=1)[:, :2]
    ratios = np.exp(scaled - scaled.max(axis=1, keepdims=True))  # to the best: 1 of itself
    equal = (ratios >= 1).sum(axis=1)
    others = np.where(ratios < 1, ratios, 0).sum(axis=1) + (equal - 1)
    odds = -np.log(np.maximum(others, LEAST))
    return np.column_stack([best[:, 0], best[:, 0] - best[:, 1], logsumexp(scaled, axis=1), odds])


@dataclass(frozen=True)
class Meaning:
    """What a sentence encoder adds to a lexical model: logits = semantic + `lexical` * its own."""

    embedded: Embedded
    semantic: Semantic
    lexical: float


class FaqClassifier(BaseEstimator):  # type: ignore[misc]
    """A fitted pipeline of `classifier` with its calibration: what is converted to ONNX."""

    def __init__(
        self, pipeline: Any, calibration: Calibration, meaning: Meaning | None = None
    ) -> None:
        self.pipeline = pipeline
        self.calibration = calibration
        self.meaning = meaning

    @property
    def vocabulary(self) -> Vocabulary:
        """What turns a text into terms, and the terms that are known."""
        return cast(Vocabulary, self.pipeline[0].vocabulary_)

    @property
    def idf(self) -> Array:
        """The weight of each term, float64 [terms]."""
        return np.asarray(self.pipeline[1].idf_)

    @property
    def coefficients(self) -> Array | csr_matrix:
        """What a term's weight adds to each entry's logit, [terms, entries]."""
        made = self.pipeline[2].coef_
        return made if isinstance(made, csr_matrix) else _both_classes(made.T)

    @property
    def intercepts(self) -> Array:
        """Logits of a text without known terms, float64 [entries]."""
        logits: Array = _both_classes(self.pipeline[2].intercept_[np.newaxis])[0]
        return logits

    def predict_proba(self, texts: Sequence[str]) -> Array:
        """The chance that each entry answers, float64 [texts, entries]; rows sum to at most 1."""
        calibration: Calibration = self.calibration
        return calibration.probabilities(self._logits(texts))

    def _logits(self, texts: Sequence[str]) -> Array:
        lexical = logits(self.pipeline, texts)
        if self.meaning is None:
            return lexical
        vectors = self.meaning.embedded(list(texts))
        return self.meaning.semantic.logits(vectors) + self.meaning.lexical * lexical
