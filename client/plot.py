"""A picture of a run: latency over time, and how latencies spread, by route and status."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter

from client.runner import Sample
from client.summary import grouped

_BINS = 40


def plot(samples: Sequence[Sample], title: str, path: Path) -> None:
    """Draw at least one sample into a PNG file."""
    with mpl.rc_context({"font.size": 10}):
        figure = Figure(figsize=(12, 5), layout="constrained")
        figure.suptitle(_plain(title))
        over_time, spread = figure.subplots(1, 2)
        _draw(samples, over_time, spread)
        figure.savefig(path, dpi=120, format="png")


def _draw(samples: Sequence[Sample], over_time: Axes, spread: Axes) -> None:
    latencies = [_milliseconds(sample) for sample in samples]
    low, high = min(latencies), max(latencies)
    bins = np.geomspace(low / 1.05, high * 1.05, _BINS + 1)
    for (route, status, code), ones in grouped(samples).items():
        label = f"{route} {status or ''} {code}".strip() + f" ({len(ones)})"
        values = [_milliseconds(one) for one in ones]
        over_time.plot([one.scheduled for one in ones], values, ".", markersize=4)
        spread.hist(values, bins=bins.tolist(), histtype="step", linewidth=1.5, label=_plain(label))
    over_time.set(xlabel="seconds since the start", ylabel="latency in ms", yscale="log")
    spread.set(xlabel="latency in ms", ylabel="requests", xscale="log")
    spread.legend()
    for axis in (over_time.yaxis, spread.xaxis):  # 20, not 2 x 10 to the 1st
        axis.set_major_formatter(LogFormatter())
        axis.set_minor_formatter(LogFormatter(minor_thresholds=(2, 0.4)))
    for axes in (over_time, spread):
        axes.grid(alpha=0.3)


def _plain(text: str) -> str:
    """`text` without matplotlib's formulas between dollar signs."""
    return text.replace("$", r"\$")


def _milliseconds(sample: Sample) -> float:
    return max(1000 * sample.latency, 0.001)  # above 0, for the logarithm
