"""A real server under load, and what of the machine the load itself takes."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.images_bare import Rate
from benchmarks.images_load import cpu_seconds
from server.cpus import cpu_limit
from tests.live import LiveServer


@dataclass(frozen=True)
class Served:
    """What the server did: as it came, and CPU seconds a picture of its event loop alone.

    `load` is the share of the CPUs that sending and this process used meanwhile.
    """

    raw: Rate
    loop_cpu: float
    load: float

    @property
    def corrected(self) -> float:
        """Pictures a second, had the server had the CPUs for itself."""
        return self.raw.rate / (1 - self.load)


def drive(server: LiveServer, folder: Path, connections: int, seconds: float) -> Served:
    """Send the pictures in `folder` for `seconds`; every answer must be 200."""
    arguments = [str(server.port), str(folder)]
    arguments += ["--connections", str(connections), "--seconds", str(seconds)]
    mine, before = cpu_seconds(), _used(server.process.pid)
    sent = _send(arguments)
    mine, after = cpu_seconds() - mine, _used(server.process.pid)
    if sent["failed"]:
        raise SystemExit(f"{sent['failed']} of {sent['requests']} requests failed")
    process, loop = (late - early for late, early in zip(after, before, strict=True))
    return Served(
        Rate.of(sent["latencies"], sent["seconds"], process),
        loop / sent["requests"],
        (sent["cpu"] + mine) / (sent["seconds"] * cpu_limit()),
    )


def _send(arguments: Sequence[str]) -> Any:
    command = [sys.executable, "-m", "benchmarks.images_load", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(done.stdout)


def _used(process: int) -> tuple[float, float]:
    """CPU seconds of a process and of its first thread, which is the server's event loop."""
    places = (f"/proc/{process}/stat", f"/proc/{process}/task/{process}/stat")
    ticks = [Path(place).read_text().rpartition(")")[2].split()[11:13] for place in places]
    process_, loop = (sum(map(int, both)) / os.sysconf("SC_CLK_TCK") for both in ticks)
    return process_, loop
