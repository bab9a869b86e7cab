"""`rtscore-load` as a process beside the test's event loop."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HANG = 60
# They change what rich shows.
_COLOURS = ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE")


@dataclass(frozen=True)
class Finished:
    """How it ended and what it wrote."""

    code: int
    out: str
    errors: str


async def start(*arguments: str | Path, stderr: int = PIPE, key: str = "") -> Process:
    """Start it, with `key` in the environment."""
    plain = {name: value for name, value in os.environ.items() if name not in _COLOURS}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "client.load", *map(str, arguments)),
        stdout=PIPE,
        stderr=stderr,
        env=plain | {"TERM": "xterm", "COLUMNS": "120", "LOAD_KEY": key},
    )


async def end(process: Process) -> Finished:
    """Wait for it."""
    out, errors = await asyncio.wait_for(process.communicate(), HANG)
    assert process.returncode is not None
    return Finished(process.returncode, out.decode(), (errors or b"").decode())


async def load(*arguments: str | Path, key: str = "") -> Finished:
    """Run it to its end."""
    return await end(await start(*arguments, key=key))


def read(path: Path) -> Any:
    """The summary that it wrote."""
    return json.loads(path.read_text(encoding="utf-8"))
