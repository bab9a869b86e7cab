"""The decoding threads: bounded, beside the event loop, and forgetful of callers who left."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from server.errors import Overloaded
from server.pool import DecodePool

PATIENCE = 10


@pytest.fixture
async def pool() -> AsyncIterator[DecodePool]:
    """One thread, two calls at the most."""
    made = DecodePool(threads=1, limit=2)
    yield made
    made.close()


class Blocked:
    """A function that begins, and ends once its gate is open."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self._begun = threading.Event()

    def __call__(self) -> str:
        self._begun.set()
        assert self.gate.wait(PATIENCE)
        return threading.current_thread().name

    async def begun(self) -> None:
        assert await asyncio.to_thread(self._begun.wait, PATIENCE)


async def test_it_runs_beside_the_event_loop(pool: DecodePool) -> None:
    function = Blocked()
    task = asyncio.create_task(pool.run(function))
    await function.begun()  # the loop turns while the function blocks
    function.gate.set()
    assert (await task).startswith("rtscore-decode")


async def test_it_passes_arguments_on_and_errors_back(pool: DecodePool) -> None:
    assert await pool.run(int, "ff", base=16) == 255
    with pytest.raises(ValueError, match="invalid literal"):
        await pool.run(int, "x")


async def test_too_many_calls_are_refused_at_once(pool: DecodePool) -> None:
    running, waiting = Blocked(), Blocked()
    tasks = [asyncio.create_task(pool.run(function)) for function in (running, waiting)]
    await running.begun()
    with pytest.raises(Overloaded, match="2 bodies are waiting"):
        pool.run(str).send(None)  # without a single turn of the loop
    running.gate.set()
    await tasks[0]
    tasks.append(asyncio.create_task(pool.run(str)))  # there is room again
    await asyncio.sleep(0)
    waiting.gate.set()
    await asyncio.gather(*tasks)


async def test_a_cancelled_call_that_waits_never_starts(pool: DecodePool) -> None:
    running = Blocked()
    started: list[str] = []
    first = asyncio.create_task(pool.run(running))
    await running.begun()
    gone = asyncio.create_task(pool.run(started.append, "gone"))
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    last = asyncio.create_task(pool.run(started.append, "last"))  # its place is free again
    running.gate.set()
    await asyncio.gather(first, last)
    assert started == ["last"]


async def test_closing_lets_what_runs_finish_and_drops_what_waits() -> None:
    pool = DecodePool(threads=1, limit=2)
    running = Blocked()
    first = asyncio.create_task(pool.run(running))
    await running.begun()
    waiting = asyncio.create_task(pool.run(str))
    await asyncio.sleep(0)
    pool.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    running.gate.set()
    assert await first
