"""Turns: one program after another has the machine for itself, for a moment each.

What a machine computes in a second changes from one second to the next, so turns have to be short,
and a load that begins and ends would leave the CPUs idle for a part of each. So all programs run
from the start, and all but one are stopped (SIGSTOP), in the midst of whatever they do.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from typing import Self

import numpy as np
from rich.progress import track

from server.cpus import cpu_limit

WARM_UP = 2  # turns of each program that do not count


@dataclass(frozen=True)
class Figures:
    """What came of a program's turns.

    Pictures a second, seconds that a picture took (median, p99), CPU seconds a picture of the
    program and of its first thread alone (a server's event loop), and the share of the CPUs that
    the load and this process used meanwhile.
    """

    rate: float
    p50: float
    p99: float
    cpu: float
    loop_cpu: float
    load: float

    @property
    def corrected(self) -> float:
        """Pictures a second, had the program had the CPUs for itself."""
        return self.rate / (1 - self.load)


@dataclass(frozen=True)
class Turn:
    """When it began and ended (perf_counter), and the CPU seconds that were used in it."""

    begun: float
    ended: float
    program: float
    first_thread: float
    load: float


@dataclass
class Program:
    """Process `pid`, and where others send it pictures, the `reporter` that does.

    The reporter, which is `pid` itself where that is a bare loop, goes on until SIGTERM. Then it
    prints when each picture began and ended (perf_counter), and how many failed.
    """

    pid: int
    reporter: subprocess.Popen[str]
    turns: list[Turn] = field(default_factory=list)

    @classmethod
    def running(cls, module: str, *arguments: object, server: int | None = None) -> Self:
        """Start `python -m module`, a bare loop or what sends pictures to the process `server`.

        It is stopped when this returns.
        """
        command = [sys.executable, "-m", module, *map(str, arguments)]
        reporter = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        program = cls(server or reporter.pid, reporter)
        assert reporter.stdout is not None
        if not reporter.stdout.readline():  # which comes once the first picture is through
            reporter.communicate()
            raise SystemExit(f"{' '.join(command[2:])} did not start")
        program.stop()
        return program

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End the reporter, whatever it was doing."""
        self.go_on()
        with self.reporter:
            self.reporter.kill()

    def stop(self) -> None:
        """Stop in the midst of things."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Go on."""
        self._signal(signal.SIGCONT)

    def take_turn(self, seconds: float) -> None:
        """Go on for `seconds`."""
        before, mine, begun = self._used(), time.process_time(), perf_counter()
        self.go_on()
        time.sleep(seconds)
        self.stop()
        ended, mine, after = perf_counter(), time.process_time() - mine, self._used()
        program, first, load = (late - early for late, early in zip(after, before, strict=True))
        self.turns.append(Turn(begun, ended, program, first, load + mine))

    def end(self) -> list[tuple[float, float]]:
        """End the reporter; when each picture began and ended. SystemExit where one failed."""
        self.go_on()
        self.reporter.terminate()
        told = json.loads(self.reporter.communicate()[0])
        if told["failed"]:
            raise SystemExit(f"{told['failed']} of {len(told['spans'])} pictures failed")
        return [(begun, ended) for begun, ended in told["spans"]]

    def figures(self) -> Figures:
        """End it, and work out what came of its turns."""
        return figures(self.turns[WARM_UP:], self.end(), cpu_limit())

    def _signal(self, number: int) -> None:
        if self.reporter.poll() is None:
            for pid in {self.pid, self.reporter.pid}:
                os.kill(pid, number)

    def _used(self) -> tuple[float, float, float]:
        """CPU seconds of the program, of its first thread and of the load."""
        load = 0.0 if self.reporter.pid == self.pid else _cpu_seconds(self.reporter.pid)
        return _cpu_seconds(self.pid), _cpu_seconds(self.pid, self.pid), load


def figures(turns: Sequence[Turn], spans: Sequence[tuple[float, float]], cpus: int) -> Figures:
    """What came of `turns` in which pictures began and ended at `spans`, some of them outside."""
    edges = [edge for turn in turns for edge in (turn.begun, turn.ended)]
    lengths = [turn.ended - turn.begun for turn in turns]
    active = np.repeat(np.cumsum([0.0, *lengths]), 2)[1:-1]  # at each edge: seconds of turns so far
    ends = [end for _, end in spans]
    counted = [span for span, one in zip(spans, _within(ends, turns), strict=True) if one]
    if len(counted) < 2:
        raise SystemExit("a program got through less than 2 pictures; give it more or longer turns")
    begun, ended = (np.interp(times, edges, active) for times in zip(*counted, strict=True))
    ranks = quantiles((ended - begun).tolist(), n=100, method="inclusive")
    seconds, count = sum(lengths), len(counted)
    return Figures(
        rate=count / seconds,
        p50=ranks[49],
        p99=ranks[98],
        cpu=sum(turn.program for turn in turns) / count,
        loop_cpu=sum(turn.first_thread for turn in turns) / count,
        load=sum(turn.load for turn in turns) / (seconds * cpus),
    )


def take_turns(programs: Sequence[Program], turns: int, seconds: float, title: str) -> None:
    """Give each program `turns` turns of `seconds` that count, in an order that changes."""
    order = [*programs]
    shuffled = random.Random(0)
    for _ in track(range(WARM_UP + turns), title):
        shuffled.shuffle(order)
        for program in order:
            program.take_turn(seconds)


def _within(times: Sequence[float], turns: Sequence[Turn]) -> list[bool]:
    begun = np.array([turn.begun for turn in turns])
    ended = np.array([turn.ended for turn in turns])
    at = np.searchsorted(begun, times, "right") - 1
    return [
        bool(place >= 0 and time <= ended[place]) for place, time in zip(at, times, strict=True)
    ]


def _cpu_seconds(pid: int, thread: int | str = "*") -> float:
    """CPU time that a process, or one of its threads, has used."""
    told = [path.read_text() for path in Path(f"/proc/{pid}/task").glob(f"{thread}/schedstat")]
    return sum(int(text.split()[0]) for text in told) / 1e9
