"""Figures with their 95 % intervals, by the bootstrap, and the table of them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from rich.table import Column, Table

from converters.report.meaning import Meaning

RESAMPLES = 1000
_LEAST = 200  # resamples where there are so many rows that more would take long
_IN_ALL = 20_000_000  # resampled rows: bounds the time
_AT_ONCE = 1_000_000  # of them: bounds the memory

Rows = npt.NDArray[np.int64]


class Figure(NamedTuple):
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float


def resamples(kinds: Sequence[Rows], rng: np.random.Generator) -> Iterator[Rows]:
    """Resamples of N rows, [any, N], each with as many rows of every one of the `kinds` as it has.

    There are RESAMPLES, fewer of very many rows. In each, rows go from the lowest to the highest.
    """
    count = sum(map(len, kinds))
    wanted = min(RESAMPLES, max(_LEAST, _IN_ALL // count))
    at_once = max(1, _AT_ONCE // count)
    for start in range(0, wanted, at_once):
        parts = min(at_once, wanted - start)
        drawn = [rng.choice(kind, (parts, len(kind))) for kind in kinds if len(kind)]
        yield np.sort(np.concatenate(drawn, axis=1), axis=1)


def interval(value: float, resampled: npt.NDArray[np.floating], *, biased: bool) -> Figure:
    """The figure `value`, with the interval of its values in resamples; NaN there says nothing.

    Noise only adds to a `biased` one, so those of resamples lie above: as far as they lie above the
    measured one, that lies above the truth.
    """
    low, high = np.nanpercentile(resampled, (2.5, 97.5)).tolist()
    if biased:
        low, high = max(0.0, 2 * value - high), 2 * value - low
    return Figure(value, min(low, value), max(high, value))


def table(found: Mapping[str, Figure], meanings: Mapping[str, Meaning]) -> Table:
    """The figures with their intervals and their meaning."""
    columns = (Column(name, no_wrap=True) for name in ("figure", "value", "95 % interval"))
    made = Table(*columns, "meaning")
    for name, meaning in meanings.items():
        if name in found:
            value, low, high = found[name]
            if meaning.kind == "count":
                made.add_row(name, f"{value:.0f}", "", meaning.text)
            else:
                made.add_row(name, f"{value:.3f}", f"{low:.3f} to {high:.3f}", meaning.text)
    return made


def rows(
    found: Mapping[str, Figure], meanings: Mapping[str, Meaning], words: Mapping[str, str]
) -> Iterator[tuple[str, str, str, str]]:
    """Label, value, interval and `words` of the figures that there are, as a page shows them."""
    for name, text in words.items():
        if name in found:
            meaning, (value, low, high) = meanings[name], found[name]
            counted = meaning.kind == "count"
            spread = "" if counted else f"{meaning.shown(low, unit='')} to {meaning.shown(high)}"
            yield meaning.label, meaning.shown(value), spread, text
