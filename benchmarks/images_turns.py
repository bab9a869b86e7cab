"""Turns of bare loops and of servers in both CPU modes, on the same pictures."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.progress import track

from benchmarks.images_bare import Rate, bare
from benchmarks.images_served import Served, drive
from client.inputs import read_pictures
from server.cpus import cpu_limit
from server.session import Session
from tests.live import LiveServer

MODES = ("throughput", "latency")
CONNECTIONS = 8


@dataclass(frozen=True)
class Measured:
    """A model's turns: bare loops on every thread, one at a time, and the server in each mode."""

    name: str
    precision: str
    bare: list[Rate]
    bare_alone: list[Rate]
    busy: dict[str, list[Served]]
    alone: dict[str, list[Served]]

    @property
    def ratios(self) -> list[float]:
        """Served by bare pictures a second, in the order of the turns."""
        pairs = zip(self.busy["throughput"], self.bare, strict=True)
        return [served.corrected / loop.rate for served, loop in pairs]

    @property
    def ratio(self) -> float:
        """The median turn's."""
        return median(self.ratios)


def measure(model: Path, folder: Path, turns: int, seconds: float) -> Measured:
    """One model with the pictures in `folder`, everything `turns` times in turn."""
    threads = cpu_limit()
    bodies = [one.body for one in read_pictures(folder)]
    one_thread, all_threads = Session(model), Session(model, threads=threads)
    contract = one_thread.contract
    measured = Measured(model.stem, contract.precision, [], [], {}, {})
    with ExitStack() as stack:
        servers = {
            mode: stack.enter_context(
                LiveServer({"image_model": model, "faq_model": "", "cpu_mode": mode, "port": 0})
            )
            for mode in MODES
        }
        for server in servers.values():
            drive(server, folder, CONNECTIONS, min(1, seconds))  # everything once
        bare(one_thread, bodies, threads, min(1, seconds))
        for _ in track(range(turns), model.name):
            measured.bare.append(bare(one_thread, bodies, threads, seconds))
            _drive(servers, measured.busy, folder, CONNECTIONS, seconds)
            measured.bare_alone.append(bare(all_threads, bodies, 1, seconds))
            _drive(servers, measured.alone, folder, 1, seconds)
    return measured


def _drive(
    servers: dict[str, LiveServer],
    found: dict[str, list[Served]],
    folder: Path,
    connections: int,
    seconds: float,
) -> None:
    for mode, server in servers.items():
        found.setdefault(mode, []).append(drive(server, folder, connections, seconds))
