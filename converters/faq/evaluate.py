"""How good a FAQ model is on questions that it was not trained on: figures and their intervals."""

from collections.abc import Mapping

import numpy as np
from rich.table import Table

from converters.faq.figures import Outcomes, figures, figures_of_rows
from converters.faq.meanings import MEANINGS
from converters.report import intervals
from converters.report.intervals import Figure, interval, resamples

_BIASED = {"ece", "ece_duplicates"}


def evaluate(outcomes: Outcomes, threshold: float, seed: int = 0) -> dict[str, Figure]:
    """Every figure with its bootstrap interval; those that nothing was asked for are left out.

    Each resample has as many questions with an entry, and as many without, as were asked.
    """
    ranks, best = outcomes.ordered()
    kinds = [np.flatnonzero(kind) for kind in (ranks > 0, ranks == 0)]
    # Questions are numbered by their probability, so sorted numbers are sorted questions.
    resampled = [
        figures_of_rows(ranks[rows], best[rows], threshold)
        for rows in resamples(kinds, np.random.default_rng(seed))
    ]
    return {
        name: interval(
            value, np.concatenate([part[name] for part in resampled]), biased=name in _BIASED
        )
        for name, value in figures(outcomes, threshold).items()
    }


def table(found: Mapping[str, Figure]) -> Table:
    """The figures with their intervals and their meaning."""
    return intervals.table(found, MEANINGS)
