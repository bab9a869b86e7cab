"""What IO binding and CUDA graphs are worth on a GPU, for each batch size that the server uses.

A plain run hands ONNX Runtime an array and gets one; bound, a batch has buffers of its own on the
device; captured, it is launched as one CUDA graph. The server takes the last that works. Throughput
is that of as many callers as the server has at once; the median time is that of one alone, from
the pictures of a batch to their probabilities. Needs a GPU and rtscore[gpu]; run it when nothing
else uses that GPU.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
from rich.console import Console

from server.contract import ImageContract
from server.cuda import Gpu
from server.errors import StartupError
from server.lanes import SIDE_BY_SIDE, Lanes, Pixels, Probabilities
from server.session import Device, Session
from server.shapes import batch_sizes

ROOT = Path(__file__).parent.parent
Run = Callable[[Sequence[Pixels]], list[Probabilities]]


@dataclass(frozen=True)
class Timing:
    """Images a second with several callers, and the median seconds of a batch with one."""

    way: str
    batch: int
    images_per_second: float
    seconds: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every way with every batch size and write the table; 1 where there is no GPU."""
    parser = argparse.ArgumentParser("benchmarks.cuda", description=__doc__)
    parser.add_argument("--model", type=Path, default=ROOT / "models/image.onnx")
    parser.add_argument("--most", type=int, default=32, help="largest batch")
    parser.add_argument("--seconds", type=float, default=3, help="length of each measurement")
    parser.add_argument("-o", type=Path, default=ROOT / "benchmarks/results/cuda.md")
    options = parser.parse_args(arguments)
    try:
        with ExitStack() as stack:
            ways = dict(all_ways(options.model, "cuda", options.most, stack))
            timings = list(measured(ways, options.model, options.most, options.seconds))
    except StartupError as error:
        print(error, file=sys.stderr)
        return 1
    table = as_markdown(timings, options.model.name, gpu_name())
    options.o.write_text(table, encoding="utf-8")
    Console().print(table)
    return 0


def all_ways(model: Path, device: Device, most: int, stack: ExitStack) -> Iterator[tuple[str, Run]]:
    """Each way to run `model` on `device`, warmed up; without graphs where it can't be captured.

    `stack` ends them. Raises StartupError where the device can't be used.
    """
    session = Session(model, device, gpu=Gpu(fixed_shapes=True))
    yield "plain", lambda rows: list(session.run({"image": np.stack(rows)}))
    yield "IO binding", in_lanes(session, most, stack)
    captured = Session(model, device, gpu=Gpu(fixed_shapes=True, graphs=True))
    if captured.graphs:
        yield "CUDA graphs", in_lanes(captured, most, stack)


def in_lanes(session: Session, most: int, stack: ExitStack) -> Run:
    """Batches on buffers of their own."""
    lanes = Lanes(session.lane, most)
    stack.callback(lanes.close)
    lanes.warm_up(lambda rows: session.run({"image": rows}))
    return lanes.run


def measured(ways: dict[str, Run], model: Path, most: int, seconds: float) -> Iterator[Timing]:
    """Every way with every batch size up to `most`, each way for about `seconds`."""
    contract = Session(model).contract
    assert isinstance(contract, ImageContract)
    shape = (most, contract.height, contract.width, 3)
    pictures = list(np.random.default_rng(0).integers(0, 256, shape, np.uint8))
    for size in batch_sizes(most):
        for way, run in ways.items():
            yield timed(way, run, pictures[:size], seconds)


def timed(way: str, run: Run, batch: Sequence[Pixels], seconds: float) -> Timing:
    """One way with one batch size: half of `seconds` for each of the two figures."""
    for _ in range(3):
        run(batch)
    times = calls(run, batch, seconds / 2)
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        start = perf_counter()
        callers = [pool.submit(calls, run, batch, seconds / 2) for _ in range(SIDE_BY_SIDE)]
        done = sum(len(caller.result()) for caller in callers)
        rate = done * len(batch) / (perf_counter() - start)
    return Timing(way, len(batch), rate, median(times))


def calls(run: Run, batch: Sequence[Pixels], seconds: float) -> list[float]:
    """Seconds of each run of `batch`, one after the other, for about `seconds`; one at least."""
    times: list[float] = []
    end = perf_counter() + seconds
    while not times or perf_counter() < end:
        start = perf_counter()
        run(batch)
        times.append(perf_counter() - start)
    return times


def gpu_name() -> str:
    """Name and driver of the first GPU, as nvidia-smi tells them."""
    query = ("nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader")
    try:
        listed = subprocess.run(query, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return "a GPU that nvidia-smi does not name"
    name, _, driver = listed.splitlines()[0].partition(", ")
    return f"{name} (driver {driver})"


def as_markdown(timings: Sequence[Timing], model: str, gpu: str) -> str:
    """A row for each batch size, two columns for each way, and how it came about."""
    ways = list(dict.fromkeys(timing.way for timing in timings))
    found = {(timing.batch, timing.way): timing for timing in timings}
    lines = [
        f"Measured on {date.today()} by `python -m benchmarks.cuda` with `{model}` on {gpu}: "
        f"images/s with {SIDE_BY_SIDE} callers, and the median time of a batch with one.",
        "",
        "| batch | " + " | ".join(f"{way}, images/s | ms" for way in ways) + " |",
        "|---" * (1 + 2 * len(ways)) + "|",
    ]
    for batch in dict.fromkeys(timing.batch for timing in timings):
        row = [found[batch, way] for way in ways]
        cells = (f"{one.images_per_second:,.0f} | {one.seconds * 1000:.2f}" for one in row)
        lines.append(f"| {batch} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
