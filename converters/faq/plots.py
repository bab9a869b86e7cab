"""Plots of how good a FAQ model is: as one PNG, or singly as SVG for a page."""

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from scipy.stats import binom

from converters.faq.figures import PRECISION, Array, Outcomes, calibration_bins, matched_curve

_POINTS = 1000  # of a curve: more can't be seen
_KS = np.arange(1, 11)
_LEVELS = (0.025, 0.975)
_MAIN, _OTHER = "#3987e5", "#d9772b"  # told apart on white and on black
_INK = "#0a0b0c"  # no other colour is this one, so that a page can put its own in its place
_STYLE: Any = {
    "font.size": 10,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "rtscore",
    **{
        f"{name}color": _INK
        for name in ("text.", "axes.edge", "axes.label", "xtick.", "ytick.", "grid.")
    },
}


def png(path: Path, outcomes: Outcomes, threshold: float) -> None:
    """Write every plot, side by side, as one PNG."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(15, 4.8), layout="constrained")
        for axes, draw in zip(figure.subplots(1, len(_PLOTS)), _PLOTS.values(), strict=True):
            draw(axes, outcomes, threshold)
        figure.savefig(path, dpi=100, format="png")


def svgs(outcomes: Outcomes, threshold: float) -> dict[str, str]:
    """Each plot as an SVG element to stand in a page, whose text colour it takes, by its title."""
    return {title: _svg(draw, outcomes, threshold) for title, draw in _PLOTS.items()}


def _svg(draw: Callable[[Axes, Outcomes, float], None], outcomes: Outcomes, bar: float) -> str:
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(5, 4.4), layout="constrained")
        draw(figure.subplots(), outcomes, bar)
        written = io.StringIO()
        about = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(written, format="svg", transparent=True, metadata=about)
    text = written.getvalue()
    text = text[text.index("<svg") :].replace(_INK, "currentColor")
    text = re.sub(r'<g id="[^"]*"', "<g", text)  # each plot has the same ones
    return re.sub(r' (?:width|height)="[\d.]+pt"', "", text, count=2)  # as wide as its place


def _accuracy(axes: Axes, outcomes: Outcomes, threshold: float) -> None:
    """Accuracy at k with its interval: a share's bootstrap distribution is the binomial one."""
    ranks = outcomes.ranks[outcomes.ranks > 0]
    shares = (ranks[:, np.newaxis] <= _KS).mean(axis=0)
    low, high = (binom.ppf(level, len(ranks), shares) / len(ranks) for level in _LEVELS)
    axes.fill_between(_KS, low, high, color=_MAIN, alpha=0.25, linewidth=0, label="95 % interval")
    axes.plot(_KS, shares, "o-", color=_MAIN)
    axes.set(title="Accuracy at k", xlabel="k: first entries looked at", xticks=_KS)
    axes.set(ylabel="duplicates with the right entry there")
    axes.set_ylim(0, 1.02)
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.legend(loc="lower right")


def _reliability(axes: Axes, outcomes: Outcomes, threshold: float) -> None:
    """What the best match's probability says, against how often it is right."""
    best, right = outcomes.best, outcomes.ranks == 1
    bins = calibration_bins(best, right)
    said, true, counts = (np.array(column) for column in zip(*bins, strict=True))
    spread = [np.abs(binom.ppf(level, counts, true) / counts - true) for level in _LEVELS]
    shares = np.full(len(best), 1 / len(best))
    axes.hist(best, np.linspace(0, 1, 21).tolist(), weights=shares, color=_INK, alpha=0.15)
    axes.plot([0, 1], [0, 1], "--", color=_INK, alpha=0.5, linewidth=1)
    sizes = " or ".join(map(str, sorted(set(counts.tolist()))))
    label = f"{len(bins)} bins (questions: {sizes})"
    axes.errorbar(said, true, np.array(spread), fmt="o-", color=_MAIN, capsize=2, label=label)
    axes.plot([], [], "s", color=_INK, alpha=0.15, markersize=9, label="share of the questions")
    axes.set(title="Reliability of the best match", xlabel="probability said")
    axes.set(ylabel="share that is right")
    _unit_square(axes)
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.legend(loc="best")


def _matched(axes: Axes, outcomes: Outcomes, threshold: float) -> None:
    """Precision and recall of "matched" under other thresholds."""
    bars, precision, recall = _thresholds(outcomes)
    goal = f"{100 * PRECISION:.0f} % precision"
    axes.axhline(PRECISION, color=_INK, alpha=0.5, linewidth=1, linestyle=":", label=goal)
    axes.step(bars, precision, where="pre", color=_MAIN, label="precision")
    axes.step(bars, recall, where="pre", color=_OTHER, label="recall")
    label = f"the file's threshold, {threshold:.2f}"
    axes.axvline(threshold, color=_INK, linewidth=1, linestyle="--", label=label)
    axes.set(title="Matched, by threshold", xlabel="threshold", ylabel="share")
    _unit_square(axes)
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


def _unit_square(axes: Axes) -> None:
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    axes.yaxis.set_major_formatter(PercentFormatter(1))


_PLOTS: dict[str, Callable[[Axes, Outcomes, float], None]] = {
    "Accuracy at k": _accuracy,
    "Reliability of the best match": _reliability,
    "Matched, by threshold": _matched,
}
