"""From texts to counts of terms, by the very function that the server calls.

Converting scikit-learn's TfidfVectorizer itself is silently wrong for most of its settings (tests
show it); here the terms are found before the graph, so every setting of `Tokenizer` is exact.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import TfidfTransformer, TfidfVectorizer

from converters.export import ConversionError
from server.tokenizer import Terms, Tokenizer, Vocabulary


class TermCounter(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Counts the known terms of texts: fit learns them, transform gives a CSR matrix.

    Terms of fewer than `min_df` texts are left out, and then the rarest of more than `max_terms`.
    """

    def __init__(self, tokenizer: Tokenizer, min_df: int = 1, max_terms: int | None = None) -> None:
        self.tokenizer = tokenizer
        self.min_df = min_df
        self.max_terms = max_terms

    def fit(self, texts: Iterable[str], y: object = None) -> Self:
        """Learn the vocabulary of `texts`."""
        frequencies = Counter(term for text in texts for term in set(self.tokenizer(text)))
        known = sorted(term for term, count in frequencies.items() if count >= self.min_df)
        if not known:
            raise ConversionError("the texts have no terms in common to learn from")
        known.sort(key=frequencies.__getitem__, reverse=True)
        terms = sorted(known[: self.max_terms])
        self.vocabulary_ = Vocabulary(tokenizer=self.tokenizer, terms=tuple(terms))
        return self

    def transform(self, texts: Iterable[str]) -> csr_matrix:
        """Counts, float64 [texts, terms]."""
        return to_matrix([self.vocabulary_.encode(text) for text in texts], self.vocabulary_)


class KindTfidf(TfidfTransformer):  # type: ignore[misc]
    """TF-IDF whose terms weigh by their kind, so that a few words stand up to many n-grams.

    Transforms counts [texts, terms] of `vocabulary`: the idf of a pair of words is multiplied by
    `pairs`, that of a character n-gram by `ngrams`, that of a word by 1.
    """

    def __init__(
        self, counter: TermCounter, pairs: float, ngrams: float, sublinear_tf: bool = True
    ) -> None:
        super().__init__(sublinear_tf=sublinear_tf)
        self.counter = counter
        self.pairs = pairs
        self.ngrams = ngrams

    def fit(self, counts: csr_matrix, y: object = None) -> Self:
        """Learn the idf of every term of the fitted `counter`."""
        super().fit(counts, y)
        kinds = [self._weight(term) for term in self.counter.vocabulary_.terms]
        self.idf_: npt.NDArray[np.float64] = np.multiply(self.idf_, kinds)
        return self

    def _weight(self, term: str) -> float:
        if " " in term.strip():  # character n-grams have spaces only at their ends
            return self.pairs
        return 1.0 if term.endswith("*") else self.ngrams


def to_matrix(rows: Sequence[Terms], vocabulary: Vocabulary) -> csr_matrix:
    """Encoded texts as a CSR matrix of counts, float64 [texts, terms]."""
    lengths = [len(indices) for indices, _ in rows]
    return csr_matrix(
        (
            np.concatenate([np.zeros(0), *(counts for _, counts in rows)]),
            np.concatenate([np.zeros(0, np.int64), *(indices for indices, _ in rows)]),
            np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]),
        ),
        shape=(len(rows), len(vocabulary.terms)),
    )


def tokenizer_of(vectorizer: TfidfVectorizer) -> Tokenizer:
    """The tokenizer that finds the terms which `vectorizer` finds.

    Raises ConversionError for settings that it does not have: functions, analyzer='char', and
    binary=True.
    """
    settings: dict[str, Any] = vectorizer.get_params()
    for name in ("tokenizer", "preprocessor", "analyzer", "strip_accents"):
        if callable(settings[name]):
            raise ConversionError(
                f"{name}={settings[name]!r} is a function, which a model file can't hold; use "
                "token_pattern, lowercase, strip_accents and analyzer='word' or 'char_wb'"
            )
    analyzer, ngrams = settings["analyzer"], tuple(settings["ngram_range"])
    if analyzer not in ("word", "char_wb"):
        raise ConversionError(f"analyzer={analyzer!r} can't be converted; use 'word' or 'char_wb'")
    if settings["binary"]:
        raise ConversionError("binary=True can't be converted; terms are counted, so leave it out")
    return Tokenizer(
        lowercase=settings["lowercase"],
        strip_accents=settings["strip_accents"],
        token_pattern=settings["token_pattern"],
        stop_words=frozenset(vectorizer.get_stop_words() or ()),
        word_ngrams=ngrams if analyzer == "word" else None,
        char_ngrams=ngrams if analyzer == "char_wb" else None,
    )
