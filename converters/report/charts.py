"""How plots look, and those that every model has: as one PNG, or singly as SVG for a page."""

import io
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from scipy.stats import binom

from converters.report.calibration import Array, Flags, calibration_bins

Draw = Callable[[Axes], None]

MAIN, OTHER = "#3987e5", "#d9772b"  # told apart on white and on black
INK = "#0a0b0c"  # no other colour is this one, so that a page can put its own in its place
_LEVELS = (0.025, 0.975)
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
        f"{name}color": INK
        for name in ("text.", "axes.edge", "axes.label", "xtick.", "ytick.", "grid.")
    },
}


def png(path: Path, plots: Sequence[Draw], size: tuple[float, float]) -> None:
    """Write `plots`, side by side, as one PNG of `size` in units of 100 pixels."""
    with _style():
        figure = Figure(figsize=size, layout="constrained")
        for axes, draw in zip(figure.subplots(1, len(plots)), plots, strict=True):
            draw(axes)
        figure.savefig(path, dpi=100, format="png")


def svg(draw: Draw, size: tuple[float, float] = (5, 4.4)) -> str:
    """A plot as an SVG element to stand in a page, whose text colour it takes."""
    with _style():
        figure = Figure(figsize=size, layout="constrained")
        draw(figure.subplots())
        written = io.StringIO()
        about = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(written, format="svg", transparent=True, metadata=about)
    text = written.getvalue()
    text = text[text.index("<svg") :].replace(INK, "currentColor")
    text = re.sub(r'<g id="[^"]*"', "<g", text)  # each plot has the same ones
    return re.sub(r' (?:width|height)="[\d.]+pt"', "", text, count=2)  # as wide as its place


def share_interval(shares: Array, counts: Any) -> tuple[Array, Array]:
    """The 95 % interval of shares of `counts`: a share's bootstrap distribution is the binomial."""
    low, high = (binom.ppf(level, counts, shares) / counts for level in _LEVELS)
    return low, high


def reliability(axes: Axes, best: Array, right: Flags, rows: str) -> None:
    """What the `best` probability says, against how often it is `right`; `rows` names both."""
    bins = calibration_bins(best, right)
    said, true, counts = (np.array(column) for column in zip(*bins, strict=True))
    spread = [np.abs(end - true) for end in share_interval(true, counts)]
    shares = np.full(len(best), 1 / len(best))
    axes.hist(best, np.linspace(0, 1, 21).tolist(), weights=shares, color=INK, alpha=0.15)
    axes.plot([0, 1], [0, 1], "--", color=INK, alpha=0.5, linewidth=1)
    sizes = " or ".join(map(str, sorted(set(counts.tolist()))))
    label = f"{len(bins)} bins ({rows}: {sizes})"
    axes.errorbar(said, true, np.array(spread), fmt="o-", color=MAIN, capsize=2, label=label)
    axes.plot([], [], "s", color=INK, alpha=0.15, markersize=9, label=f"share of the {rows}")
    axes.set(xlabel="probability said", ylabel="share that is right")
    unit_square(axes)
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.legend(loc="best")


def unit_square(axes: Axes) -> None:
    """Both axes go from 0 to 1, the vertical one in per cent."""
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    axes.yaxis.set_major_formatter(PercentFormatter(1))


@contextmanager
def _style() -> Iterator[None]:
    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        # A class may be named in a script that matplotlib's own font lacks; a browser has it.
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        yield
