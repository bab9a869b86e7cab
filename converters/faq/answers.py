"""What a model says to questions, cut down to what figures and reports need of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from converters.faq.figures import Outcomes, Ranks

TOP = 3
NO_ENTRY = -1

Array = npt.NDArray[np.floating]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Answers:
    """What a model says to N questions.

    `entries` [N] are the indices of the right entries, NO_ENTRY where none answers; `ranks` [N]
    theirs from 1, and 0 there. `top` [N, TOP] are the first entries, best first, and `chances`
    [N, TOP] their probabilities; where there are fewer entries, these are all.
    """

    texts: Sequence[str]
    entries: Indices
    ranks: Ranks
    top: Indices
    chances: npt.NDArray[np.float64]

    @classmethod
    def of(cls, texts: Sequence[str], entries: Sequence[int], batches: Iterable[Array]) -> Self:
        """From probabilities [any, entries] in `batches`, whose rows follow `texts`.

        `entries` are those of the first texts; to the others no entry is right.
        """
        own = np.full(len(texts), NO_ENTRY, np.int64)
        own[: len(entries)] = entries
        parts, start = [], 0
        for batch in batches:
            place = _ranks(batch, own[start : start + len(batch)])
            parts.append((place, *_top(batch)))
            start += len(batch)
        if start != len(texts):
            raise ValueError(f"{start} rows of probabilities for {len(texts)} texts")
        ranks, top, chances = zip(*parts, strict=True)
        return cls(texts, own, np.concatenate(ranks), np.concatenate(top), np.concatenate(chances))

    @cached_property
    def outcomes(self) -> Outcomes:
        """What the figures need."""
        return Outcomes(self.ranks, self.chances[:, 0])


def _ranks(probabilities: Array, entries: Indices) -> Ranks:
    """Rank, from 1, of each row's own entry among the probabilities [N, entries]; ties in order."""
    own = probabilities[np.arange(len(entries)), entries][:, np.newaxis]
    before = np.arange(probabilities.shape[1]) < entries[:, np.newaxis]
    ahead = (probabilities > own) | ((probabilities == own) & before)
    return np.asarray(np.where(entries == NO_ENTRY, 0, 1 + ahead.sum(axis=1)))


def _top(probabilities: Array) -> tuple[Indices, npt.NDArray[np.float64]]:
    """The first TOP entries of each row and their probabilities; ties in order."""
    left, rows = probabilities.astype(np.float64), np.arange(len(probabilities))
    top, chances = [], []
    for _ in range(min(TOP, probabilities.shape[1])):
        best = left.argmax(axis=1)
        top.append(best)
        chances.append(left[rows, best])
        left[rows, best] = -1
    return np.column_stack(top), np.column_stack(chances)
