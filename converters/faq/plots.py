"""Plots of how good a FAQ model is: as one PNG, or singly as SVG for a page."""

from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from converters.faq.figures import PRECISION, Outcomes, matched_curve
from converters.report import charts
from converters.report.calibration import Array
from converters.report.charts import INK, MAIN, OTHER, Draw

_POINTS = 1000  # of a curve: more can't be seen
_KS = np.arange(1, 11)


def png(path: Path, outcomes: Outcomes, threshold: float) -> None:
    """Write every plot, side by side, as one PNG."""
    charts.png(path, [*_plots(outcomes, threshold).values()], (15, 4.8))


def svgs(outcomes: Outcomes, threshold: float) -> dict[str, str]:
    """Each plot as an SVG element to stand in a page, whose text colour it takes, by its title."""
    return {title: charts.svg(draw) for title, draw in _plots(outcomes, threshold).items()}


def _plots(outcomes: Outcomes, threshold: float) -> dict[str, Draw]:
    return {
        "Accuracy at k": partial(_accuracy, outcomes=outcomes),
        "Reliability of the best match": partial(_reliability, outcomes=outcomes),
        "Matched, by threshold": partial(_matched, outcomes=outcomes, threshold=threshold),
    }


def _accuracy(axes: Axes, outcomes: Outcomes) -> None:
    """Accuracy at k with its interval."""
    ranks = outcomes.ranks[outcomes.ranks > 0]
    shares = (ranks[:, np.newaxis] <= _KS).mean(axis=0)
    low, high = charts.share_interval(shares, len(ranks))
    axes.fill_between(_KS, low, high, color=MAIN, alpha=0.25, linewidth=0, label="95 % interval")
    axes.plot(_KS, shares, "o-", color=MAIN)
    axes.set(title="Accuracy at k", xlabel="k: first entries looked at", xticks=_KS)
    axes.set(ylabel="duplicates with the right entry there")
    axes.set_ylim(0, 1.02)
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.legend(loc="lower right")


def _reliability(axes: Axes, outcomes: Outcomes) -> None:
    """What the best match's probability says, against how often it is right."""
    charts.reliability(axes, outcomes.best, outcomes.ranks == 1, "questions")
    axes.set(title="Reliability of the best match")


def _matched(axes: Axes, outcomes: Outcomes, threshold: float) -> None:
    """Precision and recall of "matched" under other thresholds."""
    bars, precision, recall = _thresholds(outcomes)
    goal = f"{100 * PRECISION:.0f} % precision"
    axes.axhline(PRECISION, color=INK, alpha=0.5, linewidth=1, linestyle=":", label=goal)
    axes.step(bars, precision, where="pre", color=MAIN, label="precision")
    axes.step(bars, recall, where="pre", color=OTHER, label="recall")
    label = f"the file's threshold, {threshold:.2f}"
    axes.axvline(threshold, color=INK, linewidth=1, linestyle="--", label=label)
    axes.set(title="Matched, by threshold", xlabel="threshold", ylabel="share")
    charts.unit_square(axes)
    axes.legend(loc="best")


def _thresholds(outcomes: Outcomes) -> tuple[Array, Array, Array]:
    """Thresholds, _POINTS at most, with their precision and recall.

    They go from the least to the greatest that still matches a question.
    """
    ranks, best = outcomes.ordered()
    precision, recall, first = (
        rows[0] for rows in matched_curve(ranks[np.newaxis], best[np.newaxis])
    )
    those = np.flatnonzero(first)
    those = those[np.linspace(0, len(those) - 1, min(len(those), _POINTS)).astype(np.int64)]
    return best[those], precision[those], recall[those]
