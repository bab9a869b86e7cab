"""What benchmarks/images.py has measured, as tables and as a plot."""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from statistics import median

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.images_bare import Rate
from benchmarks.images_decoders import LARGE, SMALL, Decoder
from benchmarks.images_turns import Measured

NOTES = """\
Measured on {day} by `python -m benchmarks.images` on {cpus} cores, which bare loop or server shared
with the load. Medians of {turns} turns. The bare loop decodes and runs on {cpus} threads, with the
server's own decoder and session and nothing around them. Corrected: divided by the share of the
CPUs that the load left. CPU ms a picture are those of the process (of its event loop alone), which
hardly depend on what else the machine does.
"""
SERVED = """\
| model | precision | bare loop, pictures/s | served, as measured | load's share of the CPUs \
| served, corrected | by bare loop (turns) | CPU ms a picture, bare | served (event loop) |
|---|---|---|---|---|---|---|---|---|"""
MODES = """\
| model | precision | CPU_MODE | 8 connections, pictures/s corrected | p50, ms | p99, ms \
| one at a time, p50, ms | p99, ms | bare loop on every thread, one at a time, p50, ms |
|---|---|---|---|---|---|---|---|---|"""
DECODERS = """\
JPEG to the model's square, median of {timed} pictures, and how many of {pictures} pictures have the
label that they have when every pixel is decoded.

| decoder | {small}, ms | same label | {large}, ms | same label |
|---|---|---|---|---|"""


def as_markdown(
    measured: Sequence[Measured], decoders: Sequence[Decoder], pictures: int, cpus: int
) -> str:
    """The three tables."""
    turns = len(measured[0].bare)
    return "\n".join(
        [
            NOTES.format(day=date.today(), cpus=cpus, turns=turns),
            SERVED,
            *map(_served, measured),
            "",
            MODES,
            *(_mode(one, mode) for one in measured for mode in one.busy),
            "",
            DECODERS.format(
                timed=min(12, pictures),
                pictures=pictures,
                small="{}x{}".format(*SMALL),
                large="{}x{}".format(*LARGE),
            ),
            *map(_decoder, decoders),
            "",
        ]
    )


def _served(one: Measured) -> str:
    busy = one.busy["throughput"]
    ratios = f"{one.ratio:.3f} ({min(one.ratios):.3f} to {max(one.ratios):.3f})"
    return (
        f"| {one.name} | {one.precision} | {_rate(one.bare):.1f} "
        f"| {_rate(served.raw for served in busy):.1f} "
        f"| {median(served.load for served in busy):.1%} "
        f"| {median(served.corrected for served in busy):.1f} | {ratios} "
        f"| {1000 * median(rate.cpu for rate in one.bare):.2f} "
        f"| {1000 * median(served.raw.cpu for served in busy):.2f} "
        f"({1000 * median(served.loop_cpu for served in busy):.2f}) |"
    )


def _mode(one: Measured, mode: str) -> str:
    busy, alone = one.busy[mode], one.alone[mode]
    return (
        f"| {one.name} | {one.precision} | {mode} "
        f"| {median(served.corrected for served in busy):.1f} "
        f"| {_latencies(served.raw for served in busy)} "
        f"| {_latencies(served.raw for served in alone)} "
        f"| {1000 * median(rate.p50 for rate in one.bare_alone):.1f} |"
    )


def _decoder(one: Decoder) -> str:
    return (
        f"| {one.name} | {one.small_ms:.2f} | {one.agree_small} | {one.large_ms:.1f} "
        f"| {one.agree_large} |"
    )


def _rate(rates: Iterable[Rate]) -> float:
    return median(rate.rate for rate in rates)


def _latencies(rates: Iterable[Rate]) -> str:
    p50, p99 = zip(*((rate.p50, rate.p99) for rate in rates), strict=True)
    return f"{1000 * median(p50):.1f} | {1000 * median(p99):.1f}"


def plot(path: Path, measured: Sequence[Measured]) -> None:
    """Pictures a second, a group of bars a model, and every turn as a dot."""
    with mpl.rc_context({"font.size": 10}):
        figure = Figure(figsize=(2 + 3 * len(measured), 4), layout="constrained")
        for axes, one in zip(
            figure.subplots(1, len(measured), squeeze=False)[0], measured, strict=True
        ):
            busy = one.busy["throughput"]
            bars = {
                "bare loop": [rate.rate for rate in one.bare],
                "served,\nas measured": [served.raw.rate for served in busy],
                "served,\ncorrected": [served.corrected for served in busy],
            }
            axes.bar([*bars], [median(turns) for turns in bars.values()], color="tab:blue")
            for place, turns in enumerate(bars.values()):
                axes.plot([place] * len(turns), turns, "o", color="black", markersize=3)
            axes.set(title=f"{one.name}, {one.precision}: {one.ratio:.0%}", ylabel="pictures/s")
        figure.savefig(path, dpi=110, format="png")
