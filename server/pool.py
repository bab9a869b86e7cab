"""Threads beside the event loop, and never an endless line before them."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import ParamSpec, TypeVar

from server.errors import Overloaded

P = ParamSpec("P")
T = TypeVar("T")


class Pool:
    """`threads` threads, and at most `limit` calls that wait for one of them."""

    def __init__(self, threads: int, limit: int, name: str) -> None:
        self.threads = threads
        self.inside = 0  # calls that wait or run
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._limit = limit
        self._left = asyncio.Event()

    @property
    def waiting(self) -> int:
        """Calls for which no thread is free."""
        return max(0, self.inside - self.threads)

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`function(*args)` on a thread; a cancelled call that waits never starts.

        Raises Overloaded at once where too many wait already, and what `function` raises.
        """
        if self.waiting >= self._limit:
            raise Overloaded(
                f"{self.waiting} calls are waiting and at most {self._limit} may; try again later"
            )
        call: list[Callable[[], T]] = [partial(function, *args, **kwargs)]
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self.inside += 1
        running = self._pool.submit(_run, call)
        # asyncio.wrap_future would do, with twice the work for the event loop.
        running.add_done_callback(partial(_call_soon, loop, partial(self._leave, answer)))
        try:
            return await answer
        except asyncio.CancelledError:
            # In the pool's line it would keep its arguments alive. If its thread was just about to
            # take it, that finds nothing, and nobody waits for what it says.
            call.clear()
            running.cancel()
            raise

    def _leave(self, answer: asyncio.Future[T], running: Future[T]) -> None:
        """Note that a call is over, and hand its result to who still waits for it."""
        self.inside -= 1
        self._left.set()
        if answer.done():
            return
        if running.cancelled():
            answer.cancel()
        elif (error := running.exception()) is not None:
            answer.set_exception(error)
        else:
            answer.set_result(running.result())

    async def empty(self) -> None:
        """Wait until no call waits or runs."""
        while self.inside:
            self._left.clear()
            await self._left.wait()

    def close(self) -> None:
        """End the threads once they have finished what they run."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _call_soon(
    loop: asyncio.AbstractEventLoop, callback: Callable[[Future[T]], object], ended: Future[T]
) -> None:
    with suppress(RuntimeError):  # the loop has ended meanwhile
        loop.call_soon_threadsafe(callback, ended)


def _run(call: list[Callable[[], T]]) -> T:
    try:
        return call.pop()()
    except StopIteration as error:  # which an asyncio.Future refuses: its caller would wait on
        raise RuntimeError("a call on a thread raised StopIteration") from error
