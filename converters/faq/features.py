"""From texts to counts of terms, by the very function that the server calls.

Converting scikit-learn's TfidfVectorizer itself is silently wrong for most of its settings (tests
show it); here the terms are found before the graph, so every setting of `Tokenizer` is exact.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import TfidfVectorizer

from converters.export import ConversionError
from server.tokenizer import Terms, Tokenizer, Vocabulary


class TermCounter(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Counts the known terms of texts: fit learns them, transform gives a CSR matrix.

    Terms of fewer than `min_df` texts are left out.
    """

    def __init__(self, tokenizer: Tokenizer, min_df: int = 1) -> None:
        self.tokenizer = tokenizer
        self.min_df = min_df

    def fit(self, texts: Iterable[str], y: object = None) -> Self:
        """Learn the vocabulary of `texts`."""
        frequencies = Counter(term for text in texts for term in set(self.tokenizer(text)))
        terms = sorted(term for term, count in frequencies.items() if count >= self.min_df)
        if not terms:
            raise ConversionError("the texts have no terms in common to learn from")
        self.vocabulary_ = Vocabulary(tokenizer=self.tokenizer, terms=tuple(terms))
        return self

    def transform(self, texts: Iterable[str]) -> csr_matrix:
        """Counts, float64 [texts, terms]."""
        return to_matrix([self.vocabulary_.encode(text) for text in texts], self.vocabulary_)


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
