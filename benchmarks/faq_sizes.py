"""What a FAQ of 1,000, 10,000 and 100,000 made-up entries costs: training, memory, a question.

Each size is trained by the real command and served by a real server process on one connection. The
memory of an entry is what the process holds more than with the first size, less the texts.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx
from matplotlib.figure import Figure
from rich.progress import track

from benchmarks.faq_made_up import MadeUp, make_up
from tests.live import LiveServer

RESULTS = Path(__file__).parent / "results"
QUESTIONS = 1000


@dataclass(frozen=True)
class Row:
    """What was measured; sizes in bytes, times in seconds."""

    entries: int
    texts: int
    training: float
    training_memory: int
    file: int
    memory: int
    p50: float
    p99: float
    accuracy: float


def main() -> None:
    """Measure each size and write table and plot."""
    parser = argparse.ArgumentParser("benchmarks.faq_sizes", description=__doc__)
    parser.add_argument("--sizes", nargs="+", type=int, default=[1_000, 10_000, 100_000])
    parser.add_argument("--seed", type=int, default=0, help="of the made-up FAQ (default: 0)")
    parser.add_argument("-o", type=Path, default=RESULTS / "faq_sizes.md")
    options = parser.parse_args()
    rows = [measure(size, options.seed) for size in track(options.sizes, "sizes")]
    options.o.write_text(table(rows), encoding="utf-8")
    options.o.with_suffix(".json").write_text(
        json.dumps([asdict(row) for row in rows], indent=1) + "\n", encoding="utf-8"
    )
    plot(rows, options.o.with_suffix(".png"))


def measure(size: int, seed: int) -> Row:
    """Train and serve a made-up FAQ of `size` entries."""
    made = make_up(size, QUESTIONS, seed)
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "faq.onnx"
        seconds, memory = train(made, Path(folder), model)
        with LiveServer({"port": 0, "faq_model": model, "image_model": ""}) as server:
            held = resident(server.process.pid)
            times, right = ask(server.url, made)
        return Row(
            entries=size,
            texts=sum(len(f"{one.id}{one.question}{one.answer}") for one in made.entries),
            training=seconds,
            training_memory=memory,
            file=model.stat().st_size,
            memory=held,
            p50=statistics.median(times),
            p99=statistics.quantiles(times, n=100)[98],
            accuracy=right,
        )


def train(made: MadeUp, folder: Path, model: Path) -> tuple[float, int]:
    """Seconds and most bytes of `rtscore-convert faq`."""
    originals, duplicates = folder / "originals.jsonl", folder / "duplicates.jsonl"
    write(
        originals,
        ({"id": one.id, "text": one.question, "answer": one.answer} for one in made.entries),
    )
    write(
        duplicates,
        (
            {"id": str(number), "original_id": made.entries[one.entry].id, "text": one.text}
            for number, one in enumerate(made.duplicates)
        ),
    )
    command = [sys.executable, "-m", "converters", "faq", "--originals", str(originals)]
    started = time.perf_counter()
    child = subprocess.Popen([*command, "--duplicates", str(duplicates), "-o", str(model)])
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"training {len(made.entries)} entries failed")
    return time.perf_counter() - started, peak(usage)


def peak(usage: resource.struct_rusage) -> int:
    """Most bytes that a process held; Linux counts KiB."""
    return usage.ru_maxrss * 1024


def write(path: Path, records: Iterable[Mapping[str, str | None]]) -> None:
    """`records` as JSON Lines."""
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


def resident(process: int) -> int:
    """Bytes that a process holds now."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) * 1024


def ask(url: str, made: MadeUp) -> tuple[list[float], float]:
    """Seconds of each question, one after the other, and the share that is answered right."""
    times, right = [], 0
    with httpx.Client(base_url=url) as client:
        for one in (*made.test[:50], *made.test):
            started = time.perf_counter()
            answer = client.post("/v1/faq", json={"question": one.text})
            times.append(time.perf_counter() - started)
            right += answer.json()["matches"][0]["id"] == made.entries[one.entry].id
    return times[50:], right / len(times)


def table(rows: list[Row]) -> str:
    """The rows as Markdown."""
    first = rows[0]
    lines = [
        "| entries | training s | training MiB | file MB | server MiB | KiB an entry | p50 ms | "
        "of the first | p99 ms | Accuracy@1 |",
        "|" + "---:|" * 10,
    ]
    for row in rows:
        more = row.memory - row.texts - first.memory + first.texts
        each = f"{more / (row.entries - first.entries) / 1024:.2f}" if row is not first else ""
        lines.append(
            f"| {row.entries:,} | {row.training:.0f} | {row.training_memory / 2**20:,.0f} | "
            f"{row.file / 1e6:.1f} | {row.memory / 2**20:,.0f} | {each} | {1e3 * row.p50:.2f} | "
            f"{row.p50 / first.p50:.2f} | {1e3 * row.p99:.2f} | {row.accuracy:.3f} |"
        )
    return "\n".join(["# A FAQ of any size", "", *str(__doc__).splitlines()[2:], "", *lines, ""])


def plot(rows: list[Row], path: Path) -> None:
    """Training time, memory and time of a question against the number of entries."""
    figure = Figure(figsize=(11, 3.6), layout="constrained")
    sizes = [row.entries for row in rows]
    drawn = (
        ("training, s", [row.training for row in rows]),
        ("server's memory, MiB", [row.memory / 2**20 for row in rows]),
        ("a question's median, ms", [1e3 * row.p50 for row in rows]),
    )
    for axes, (name, values) in zip(figure.subplots(1, 3), drawn, strict=True):
        axes.plot(sizes, values, "o-")
        axes.set(title=name, xlabel="entries", xscale="log", ylim=(0, None))
        axes.grid(alpha=0.3)
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
