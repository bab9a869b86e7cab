"""From a question's text to the terms that a lexical FAQ model counts.

The converter trains with this very function and the server calls it before the graph, so both see
the same terms for every text. Inside ONNX Runtime lower-casing and `\\w` differ from Python's.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, field_validator

MAX_TERMS = 1024  # distinct known terms of one text that count: bounds the cost of hostile ones

# Of so many words, and only of such length, the n-grams are remembered: 10 MB at the most.
_WORDS, _LONGEST = 8192, 64

# scikit-learn's pattern, and one that finds the same, as matches take all that they can.
_QUICKER = {r"(?u)\b\w\w+\b": r"\w\w+"}

_ONCE = np.ones(MAX_TERMS, np.float32)
_ONCE.flags.writeable = False

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

    def __call__(self, text: str) -> list[str]:
        """Every term of `text`, repeated as often as it stands there: words first, then n-grams."""
        text = self.normalise(text)
        terms = self.word_terms(text)
        for word in text.split() if self.char_ngrams is not None else ():
            terms += self.ngrams(word)
        return terms

    @cached_property
    def normalise(self) -> Callable[[str], str]:
        """What is done to a text before it is split."""
        case, accents = str.lower if self.lowercase else str, self.strip_accents
        if accents is None:
            return case
        return lambda text: _strip_accents(case(text), ascii_only=accents == "ascii")

    @cached_property
    def word_terms(self) -> Callable[[str], list[str]]:
        """From a normalised text to its words, their n-grams and their pairs."""
        # A question is split in the time of a few dozen look-ups, so settings are looked up once.
        pattern, sizes = _QUICKER.get(self.token_pattern, self.token_pattern), self.word_ngrams
        find_words = re.compile(pattern).findall
        stop_words, prefix, skip = self.stop_words, self.prefix, self.skip
        if sizes is None:
            return lambda text: []

        def split(text: str) -> list[str]:
            words = find_words(text)
            if stop_words:
                words = [word for word in words if word not in stop_words]
            if prefix is not None:
                words = [word[:prefix] + "*" for word in words]
            terms = _word_ngrams(words, *sizes)
            return terms if skip is None else terms + _skip_bigrams(words, skip)

        return split

    def ngrams(self, word: str) -> list[str]:
        """The character n-grams of a word, which white space separates from others."""
        if self.char_ngrams is None:
            return []
        padded = f" {word} "
        length = len(padded)
        ngrams: list[str] = []
        for size in range(self.char_ngrams[0], self.char_ngrams[1] + 1):
            if size >= length:  # a short word counts once, whole
                return [*ngrams, padded]
            ngrams += [padded[start : start + size] for start in range(length - size + 1)]
        return ngrams


class Vocabulary(BaseModel):
    """A tokenizer and the terms that a model knows; a term's place in `terms` is its index."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tokenizer: Tokenizer
    terms: tuple[str, ...] = Field(min_length=1)

    @cached_property
    def _known(self) -> Callable[[str], list[int]]:
        find = {term: index for index, term in enumerate(self.terms)}.get
        tokenizer = self.tokenizer
        normalise, word_terms = tokenizer.normalise, tokenizer.word_terms

        def indices(terms: list[str]) -> list[int]:
            return [index for index in map(find, terms) if index is not None]

        if tokenizer.char_ngrams is None:
            return lambda text: indices(word_terms(normalise(text)))

        @lru_cache(maxsize=_WORDS)  # most of the time would go into the n-grams of frequent words
        def ngrams(word: str) -> list[int]:
            return indices(tokenizer.ngrams(word))

        def known(text: str) -> list[int]:
            text = normalise(text)
            found = indices(word_terms(text))
            for word in text.split():
                found += ngrams(word) if len(word) <= _LONGEST else indices(tokenizer.ngrams(word))
            return found

        return known

    def encode(self, text: str) -> Terms:
        """The known terms of `text` in order of first appearance, MAX_TERMS of them at the most.

        Returns their indices, int64 [T], and how often each stands there, float32 [T].
        """
        known = self._known(text)
        if len(set(known)) == len(known) <= MAX_TERMS:  # as in most short questions
            return np.array(known, np.int64), _ONCE[: len(known)]
        counts = dict.fromkeys(known, 0)
        for index in known:
            counts[index] += 1
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


def _word_ngrams(words: list[str], shortest: int, longest: int) -> list[str]:
    ngrams = words[:] if shortest == 1 else []
    if shortest <= 2 <= longest:
        ngrams += map(" ".join, pairwise(words))
    for size in range(max(3, shortest), longest + 1):
        ngrams += [" ".join(words[start : start + size]) for start in range(len(words) - size + 1)]
    return ngrams


def _skip_bigrams(words: list[str], skip: int) -> list[str]:
    pairs = []
    for step in range(1, skip + 2):
        pairs += [f"{first} {second}" for first, second in zip(words, words[step:], strict=False)]
    return pairs
