"""From a question's text to the terms that a lexical FAQ model counts.

The converter trains with this very function and the server calls it before the graph, so both see
the same terms for every text. Inside ONNX Runtime lower-casing and `\\w` differ from Python's.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, field_validator

MAX_TERMS = 1024  # distinct known terms of one text that count: bounds the cost of hostile ones

Ngrams = tuple[int, int]
Terms = tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]


class Tokenizer(BaseModel):
    """Splits a text into words, word n-grams and character n-grams, as scikit-learn names them.

    `word_ngrams` and `char_ngrams` are (shortest, longest), None for none; character n-grams stay
    within the words that white space separates (scikit-learn's `char_wb`). With `prefix`, words
    are cut to so many characters and written with a star: "sorting" and "sorted" are both "sort*".
    With `skip`, pairs of words count as well that have at most `skip` words between them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    lowercase: bool = True
    strip_accents: Literal["unicode", "ascii"] | None = None
    token_pattern: str = r"(?u)\b\w\w+\b"  # noqa: S105 - a pattern for tokens, not a secret
    stop_words: frozenset[str] = frozenset()
    word_ngrams: Ngrams | None = (1, 1)
    char_ngrams: Ngrams | None = None
    prefix: int | None = Field(None, ge=1)
    skip: int | None = Field(None, ge=0)

    @field_validator("token_pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            groups = re.compile(pattern).groups
        except re.error as error:
            raise ValueError(f"no regular expression: {error}") from error
        if groups > 1:
            raise ValueError("more than one capturing group")
        return pattern

    @cached_property
    def _find_words(self) -> re.Pattern[str]:
        return re.compile(self.token_pattern)

    def __call__(self, text: str) -> list[str]:
        """Every term of `text`, repeated as often as it stands there: words first, then n-grams."""
        if self.lowercase:
            text = text.lower()
        if self.strip_accents is not None:
            text = _strip_accents(text, ascii_only=self.strip_accents == "ascii")
        terms: list[str] = []
        if self.word_ngrams is not None:
            words = self._find_words.findall(text)
            if self.stop_words:
                words = [word for word in words if word not in self.stop_words]
            if self.prefix is not None:
                cut = self.prefix
                words = [word[:cut] + "*" for word in words]
            terms.extend(_word_ngrams(words, *self.word_ngrams))
            for between in range(-1 if self.skip is None else self.skip + 1):
                terms.extend(map(" ".join, zip(words, words[between + 1 :], strict=False)))
        if self.char_ngrams is not None:
            terms.extend(_char_ngrams(text, *self.char_ngrams))
        return terms


class Vocabulary(BaseModel):
    """A tokenizer and the terms that a model knows; a term's place in `terms` is its index."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tokenizer: Tokenizer
    terms: tuple[str, ...] = Field(min_length=1)

    @cached_property
    def _index(self) -> dict[str, int]:
        return {term: index for index, term in enumerate(self.terms)}

    def encode(self, text: str) -> Terms:
        """The known terms of `text` in order of first appearance, MAX_TERMS of them at the most.

        Returns their indices, int64 [T], and how often each stands there, float32 [T].
        """
        index = self._index
        counts: dict[int, int] = {}
        for term in self.tokenizer(text):
            known = index.get(term)
            if known is not None:
                counts[known] = counts.get(known, 0) + 1
        kept = min(len(counts), MAX_TERMS)
        return (
            np.fromiter(counts, np.int64, kept),
            np.fromiter(counts.values(), np.float32, kept),
        )


def pad(rows: Sequence[Terms], padding: int) -> Terms:
    """Rows of different lengths as two arrays [N, longest]: indices and counts.

    The rest of a row is filled with the index `padding` and the count 0.
    """
    longest = max((len(indices) for indices, _ in rows), default=0)
    indices = np.full((len(rows), longest), padding, np.int64)
    counts = np.zeros((len(rows), longest), np.float32)
    for row, (known, times) in enumerate(rows):
        indices[row, : len(known)] = known
        counts[row, : len(times)] = times
    return indices, counts


def _strip_accents(text: str, *, ascii_only: bool) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    if ascii_only:
        return decomposed.encode("ascii", "ignore").decode("ascii")
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def _word_ngrams(words: list[str], shortest: int, longest: int) -> Iterator[str]:
    for size in range(shortest, longest + 1):
        if size == 1:
            yield from words
        else:
            yield from map(" ".join, zip(*(words[start:] for start in range(size)), strict=False))


def _char_ngrams(text: str, shortest: int, longest: int) -> Iterator[str]:
    for word in text.split():
        padded = f" {word} "
        for size in range(shortest, longest + 1):
            if size >= len(padded):  # a short word counts once, whole
                yield padded
                break
            for start in range(len(padded) - size + 1):
                yield padded[start : start + size]
