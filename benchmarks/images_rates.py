"""Bare loops and servers of one model in both CPU modes, in turns on the same pictures."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from benchmarks.images_turns import Figures, Program, take_turns
from server.cpus import cpu_limit
from server.session import Session
from tests.live import LiveServer

MODES = ("throughput", "latency")
CONNECTIONS = 8


@dataclass(frozen=True)
class Measured:
    """A model's figures, of several processes each.

    `bare` are loops on every CPU, and `busy` servers with CONNECTIONS, by CPU mode; `bare_alone`
    run one picture at a time on every CPU, and `alone` are servers with one connection.
    """

    name: str
    precision: str
    bare: list[Figures]
    busy: dict[str, list[Figures]]
    bare_alone: list[Figures]
    alone: dict[str, list[Figures]]

    @property
    def ratios(self) -> list[float]:
        """Pictures a second of each server in throughput mode, by those of the bare loops."""
        loops = mean(one.rate for one in self.bare)
        return [served.corrected / loops for served in self.busy["throughput"]]

    @property
    def ratio(self) -> float:
        """That of all of them."""
        return mean(self.ratios)

    @property
    def cpu_ratio(self) -> float:
        """CPU time of a picture in the bare loops by that of one served."""
        served = mean(one.cpu for one in self.busy["throughput"])
        return mean(one.cpu for one in self.bare) / served


def measure(model: Path, folder: Path, processes: int, turns: int, seconds: float) -> Measured:
    """One model with the pictures in `folder`: `processes` of each kind, `turns` turns each."""
    cpus = cpu_limit()
    bare: list[Program] = []
    bare_alone: list[Program] = []
    busy: dict[str, list[Program]] = {mode: [] for mode in MODES}
    alone: dict[str, list[Program]] = {mode: [] for mode in MODES}
    with ExitStack() as stack:
        for _ in range(processes):
            bare.append(stack.enter_context(_bare(model, folder, loops=cpus)))
            bare_alone.append(stack.enter_context(_bare(model, folder, threads=cpus)))
            for mode in MODES:
                busy[mode].append(_served(stack, model, folder, mode, CONNECTIONS))
                alone[mode].append(_served(stack, model, folder, mode, 1))
        programs = [*bare, *bare_alone]
        programs += [one for kind in (busy, alone) for several in kind.values() for one in several]
        take_turns(programs, turns, seconds, model.stem)
        return Measured(
            model.stem,
            Session(model).contract.precision,
            _figures(bare),
            {mode: _figures(several) for mode, several in busy.items()},
            _figures(bare_alone),
            {mode: _figures(several) for mode, several in alone.items()},
        )


def _bare(model: Path, folder: Path, loops: int = 1, threads: int = 1) -> Program:
    options = ("--loops", loops, "--threads", threads)
    return Program.running("benchmarks.images_bare", model, folder, *options)


def _served(stack: ExitStack, model: Path, folder: Path, mode: str, connections: int) -> Program:
    # A request's time goes on while all is stopped.
    patience = {"timeout_ms": 3_600_000, "body_timeout_ms": 3_600_000}
    settings = {"image_model": model, "faq_model": "", "port": 0, "cpu_mode": mode, **patience}
    server = stack.enter_context(LiveServer(settings))
    load = ("benchmarks.images_load", server.port, folder, "--connections", connections)
    return stack.enter_context(Program.running(*load, server=server.process.pid))


def _figures(programs: list[Program]) -> list[Figures]:
    return [program.figures() for program in programs]
