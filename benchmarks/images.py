"""Pictures a second from a real server beside the bare loop of decode and run, in one run.

Bare loops and servers take turns of less than a second. The load comes from the same machine, so
that a rate is also shown divided by the share of the CPUs which the load leaves. Both CPU modes are
measured with 8 connections and with one request at a time; then JPEG decoders. Run it on an
otherwise idle machine.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from benchmarks import images_decoders, images_report
from benchmarks.images_decoders import SMALL, scaled
from benchmarks.images_rates import measure
from client.inputs import read_pictures
from server.cpus import cpu_limit
from server.session import Session

ROOT = Path(__file__).parent.parent


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and write the tables and the plot."""
    parser = argparse.ArgumentParser("benchmarks.images", description=__doc__)
    parser.add_argument("models", type=Path, nargs="+", help="image model files")
    default = Path(os.environ.get("TEST_PHOTOS") or ROOT / "models")
    parser.add_argument("--pictures", type=Path, default=default, help="folder of pictures")
    parser.add_argument("--processes", type=int, default=3, help="bare loops and servers a kind")
    parser.add_argument("--turns", type=int, default=30, help="turns of each process")
    parser.add_argument("--seconds", type=float, default=0.5, help="length of a turn")
    parser.add_argument("-o", type=Path, default=ROOT / "benchmarks/results/images.md")
    options = parser.parse_args(argv)
    bodies = [one.body for one in read_pictures(options.pictures)]
    with tempfile.TemporaryDirectory() as folder:
        for number, body in enumerate(bodies):
            Path(folder, f"{number}.jpg").write_bytes(scaled(body, SMALL))
        measured = [
            measure(model, Path(folder), options.processes, options.turns, options.seconds)
            for model in options.models
        ]
    decoders = images_decoders.compare(Session(options.models[0]), bodies)
    conditions = {"turns": options.turns, "seconds": options.seconds, "cpus": cpu_limit()}
    page = images_report.as_markdown(measured, decoders, len(bodies), conditions)
    options.o.write_text(page, encoding="utf-8")
    images_report.plot(options.o.with_suffix(".png"), measured)
    Console().print(page, markup=False, width=200)
    return 0


if __name__ == "__main__":
    sys.exit(main())
