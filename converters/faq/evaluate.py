"""How good a FAQ model is on questions that it was not trained on: figures and their intervals."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from rich.table import Column, Table

from converters.faq.figures import Outcomes, figures, figures_of_rows
from converters.faq.meanings import MEANINGS

RESAMPLES = 1000
_LEAST = 200  # resamples where there are so many questions that more would take long
_IN_ALL = 20_000_000  # resampled questions: bounds the time
_AT_ONCE = 1_000_000  # of them: bounds the memory

# Noise only adds to them, so those of resamples lie above: as far as they lie above the measured
# one, that lies above the truth.
_BIASED = {"ece", "ece_duplicates"}


class Figure(NamedTuple):
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float


def evaluate(outcomes: Outcomes, threshold: float, seed: int = 0) -> dict[str, Figure]:
    """Every figure with its bootstrap interval; those that nothing was asked for are left out.

    There are RESAMPLES, fewer of very many questions; each has as many questions with an entry, and
    as many without, as were asked.
    """
    resampled = [
        figures_of_rows(*rows, threshold)
        for rows in _resamples(outcomes, np.random.default_rng(seed))
    ]
    return {
        name: _interval(name, value, np.concatenate([part[name] for part in resampled]))
        for name, value in figures(outcomes, threshold).items()
    }


def table(found: Mapping[str, Figure]) -> Table:
    """The figures with their intervals and their meaning."""
    columns = (Column(name, no_wrap=True) for name in ("figure", "value", "95 % interval"))
    made = Table(*columns, "meaning")
    for name, meaning in MEANINGS.items():
        if name in found:
            value, low, high = found[name]
            if meaning.kind == "count":
                made.add_row(name, f"{value:.0f}", "", meaning.text)
            else:
                made.add_row(name, f"{value:.3f}", f"{low:.3f} to {high:.3f}", meaning.text)
    return made


def _resamples(
    outcomes: Outcomes, rng: np.random.Generator
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.floating]]]:
    ranks, best = outcomes.ordered()
    kinds = [np.flatnonzero(kind) for kind in (ranks > 0, ranks == 0)]
    resamples = min(RESAMPLES, max(_LEAST, _IN_ALL // len(ranks)))
    at_once = max(1, _AT_ONCE // len(ranks))
    for start in range(0, resamples, at_once):
        rows = min(at_once, resamples - start)
        drawn = [rng.choice(kind, (rows, len(kind))) for kind in kinds if len(kind)]
        # Questions are numbered by their probability, so sorted numbers are sorted questions.
        order = np.sort(np.concatenate(drawn, axis=1), axis=1)
        yield ranks[order], best[order]


def _interval(name: str, value: float, resampled: npt.NDArray[np.floating]) -> Figure:
    low, high = np.nanpercentile(resampled, (2.5, 97.5)).tolist()
    if name in _BIASED:
        low, high = max(0.0, 2 * value - high), 2 * value - low
    return Figure(value, min(low, value), max(high, value))
