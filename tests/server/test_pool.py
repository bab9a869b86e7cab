"""Threads: with a bounded line before them, and forgetful of callers who left."""

import asyncio
import gc
import threading
import weakref
from collections.abc import AsyncIterator

import pytest

from server.errors import Overloaded
from server.pool import Pool

PATIENCE = 10


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    """One thread, and one call at the most that waits."""
    made = Pool(threads=1, limit=1, name="rtscore-decode")
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


async def test_it_runs_beside_the_event_loop(pool: Pool) -> None:
    function = Blocked()
    task = asyncio.create_task(pool.run(function))
    await function.begun()  # the loop turns while the function blocks
    function.gate.set()
    assert (await task).startswith("rtscore-decode")


async def test_it_passes_arguments_on_and_errors_back(pool: Pool) -> None:
    assert await pool.run(int, "ff", base=16) == 255
    with pytest.raises(ValueError, match="invalid literal"):
        await pool.run(int, "x")


async def test_whatever_a_call_raises_its_caller_gets_an_answer(pool: Pool) -> None:
    with pytest.raises(RuntimeError, match="raised StopIteration"):
        await asyncio.wait_for(pool.run(next, iter(())), PATIENCE)
    assert await pool.run(int, "7") == 7


async def test_too_many_calls_are_refused_at_once(pool: Pool) -> None:
    running, waiting = Blocked(), Blocked()
    tasks = [asyncio.create_task(pool.run(function)) for function in (running, waiting)]
    await running.begun()
    with pytest.raises(Overloaded, match="1 calls are waiting and at most 1 may"):
        pool.run(str).send(None)  # without a single turn of the loop
    running.gate.set()
    await tasks[0]
    tasks.append(asyncio.create_task(pool.run(str)))  # there is room again
    await asyncio.sleep(0)
    waiting.gate.set()
    await asyncio.gather(*tasks)


async def test_a_cancelled_call_that_waits_never_starts(pool: Pool) -> None:
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


async def test_a_call_that_left_keeps_nothing_alive(pool: Pool) -> None:
    """Neither its arguments, which may be a large body, until its turn would have come."""
    running = Blocked()
    first = asyncio.create_task(pool.run(running))
    await running.begun()
    body = Blocked()
    alive = weakref.ref(body)
    gone = asyncio.create_task(pool.run(body))
    await asyncio.sleep(0)
    del body
    gone.cancel()
    await asyncio.wait([gone])
    del gone
    gc.collect()
    assert alive() is None
    running.gate.set()
    await first


async def test_it_knows_what_waits_and_when_all_is_done(pool: Pool) -> None:
    await asyncio.wait_for(pool.empty(), PATIENCE)
    running, waiting = Blocked(), Blocked()
    tasks = [asyncio.create_task(pool.run(function)) for function in (running, waiting)]
    await running.begun()
    assert (pool.inside, pool.waiting) == (2, 1)
    empty = asyncio.create_task(pool.empty())
    running.gate.set()
    await tasks[0]
    assert (pool.inside, pool.waiting) == (1, 0)
    assert not empty.done()
    waiting.gate.set()
    await asyncio.gather(tasks[1], asyncio.wait_for(empty, PATIENCE))
    assert pool.inside == 0


async def test_closing_lets_what_runs_finish_and_drops_what_waits() -> None:
    pool = Pool(threads=1, limit=1, name="rtscore-decode")
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
