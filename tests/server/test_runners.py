"""The model threads that batchers share."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from server.runners import Runners


async def test_no_more_than_count_compute_at_once() -> None:
    runners = Runners(2)
    both, release = threading.Barrier(3), threading.Event()

    def compute(rows: Sequence[int]) -> tuple[int, str]:
        both.wait(10)
        release.wait(10)
        return sum(rows), threading.current_thread().name

    async def call(*rows: int) -> tuple[int, str]:
        await runners.acquire()
        try:
            return await runners.run(compute, rows)
        finally:
            runners.release()

    first = [asyncio.create_task(call(1, 2)), asyncio.create_task(call(3))]
    await asyncio.to_thread(both.wait, 10)
    third = asyncio.create_task(runners.acquire())
    await asyncio.sleep(0.05)
    assert not third.done()
    release.set()
    (total, thread), (same, other) = await asyncio.gather(*first)
    await third
    assert (total, same) == (3, 3)
    assert thread != other
    assert {thread[:13], other[:13]} == {"rtscore-model"}
    runners.close()


async def test_what_a_run_raises_reaches_its_caller() -> None:
    runners = Runners(1)
    await runners.acquire()
    with pytest.raises(ZeroDivisionError):
        await runners.run(lambda rows: rows[0] // 0, [1])
    runners.release()
    runners.close()
