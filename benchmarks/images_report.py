"""What benchmarks/images.py has measured, as tables and as a plot."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from statistics import mean

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.images_decoders import LARGE, SMALL, Decoder
from benchmarks.images_rates import Measured
from benchmarks.images_turns import Figures

NOTES = """\
Measured on {day} by `python -m benchmarks.images` on {cpus} cores, which bare loop or server shared
with the load. {processes} processes of each kind had {turns} turns of {seconds} s each, in which
all others were stopped; means of the processes. The bare loop decodes and runs on {cpus} threads,
with the server's own decoder and session and nothing around them. Corrected: divided by the share
of the CPUs that the load left. CPU ms a picture are those of the process (of its event loop alone).
"""
SERVED = """\
| model | precision | bare loop, pictures/s | served, as measured | load's share of the CPUs \
| served, corrected | by bare loop (processes) | CPU ms a picture, bare | served (event loop) \
| bare by served |
|---|---|---|---|---|---|---|---|---|---|"""
MODES = """\
| model | precision | CPU_MODE | 8 connections, pictures/s corrected | p50, ms | p99, ms \
| one at a time, p50, ms | p99, ms | bare loop on every thread, one at a time, p50, ms |
|---|---|---|---|---|---|---|---|---|"""
DECODERS = """\
JPEG to the model's square: CPU time, median of {timed} pictures, and how many of {pictures}
pictures have the label that they have when every pixel is decoded.

| decoder | {small}, ms | same label | {large}, ms | same label |
|---|---|---|---|---|"""


def as_markdown(
    measured: Sequence[Measured],
    decoders: Sequence[Decoder],
    pictures: int,
    conditions: Mapping[str, float],
) -> str:
    """The three tables; `conditions` are `turns`, their `seconds`, and the number of `cpus`."""
    return "\n".join(
        [
            NOTES.format(day=date.today(), processes=len(measured[0].bare), **conditions),
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
        f"| {one.name} | {one.precision} | {mean(loops.rate for loops in one.bare):.1f} "
        f"| {mean(served.rate for served in busy):.1f} "
        f"| {mean(served.load for served in busy):.1%} "
        f"| {mean(served.corrected for served in busy):.1f} | {ratios} "
        f"| {1000 * mean(loops.cpu for loops in one.bare):.2f} "
        f"| {1000 * mean(served.cpu for served in busy):.2f} "
        f"({1000 * mean(served.loop_cpu for served in busy):.2f}) | {one.cpu_ratio:.3f} |"
    )


def _mode(one: Measured, mode: str) -> str:
    return (
        f"| {one.name} | {one.precision} | {mode} "
        f"| {mean(served.corrected for served in one.busy[mode]):.1f} "
        f"| {_latencies(one.busy[mode])} | {_latencies(one.alone[mode])} "
        f"| {1000 * mean(loop.p50 for loop in one.bare_alone):.1f} |"
    )


def _decoder(one: Decoder) -> str:
    return (
        f"| {one.name} | {one.small_ms:.2f} | {one.agree_small} | {one.large_ms:.1f} "
        f"| {one.agree_large} |"
    )


def _latencies(figures: Sequence[Figures]) -> str:
    p50, p99 = (mean(times) for times in zip(*((one.p50, one.p99) for one in figures), strict=True))
    return f"{1000 * p50:.1f} | {1000 * p99:.1f}"


def plot(path: Path, measured: Sequence[Measured]) -> None:
    """Pictures a second, a group of bars a model, and every process as a dot."""
    with mpl.rc_context({"font.size": 10}):
        figure = Figure(figsize=(2 + 3 * len(measured), 4), layout="constrained")
        for axes, one in zip(
            figure.subplots(1, len(measured), squeeze=False)[0], measured, strict=True
        ):
            busy = one.busy["throughput"]
            bars = {
                "bare loop": [loops.rate for loops in one.bare],
                "served,\nas measured": [served.rate for served in busy],
                "served,\ncorrected": [served.corrected for served in busy],
            }
            axes.bar([*bars], [mean(rates) for rates in bars.values()], color="tab:blue")
            for place, rates in enumerate(bars.values()):
                axes.plot([place] * len(rates), rates, "o", color="black", markersize=3)
            axes.set(title=f"{one.name}, {one.precision}: {one.ratio:.0%}", ylabel="pictures/s")
        figure.savefig(path, dpi=110, format="png")
