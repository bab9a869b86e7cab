"""The threads that decode bodies: beside the event loop, and never with an endless line before."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from server.errors import Overloaded

P = ParamSpec("P")
T = TypeVar("T")


class DecodePool:
    """`threads` decoding threads and at most `limit` calls that wait for or use them."""

    def __init__(self, threads: int, limit: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="rtscore-decode")
        self._limit = limit
        self._inside = 0

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`function(*args)` on a decoding thread; a cancelled call that waits never starts.

        Raises Overloaded at once where too many wait already, and what `function` raises.
        """
        if self._inside >= self._limit:
            raise Overloaded(f"{self._inside} bodies are waiting to be decoded; try again later")
        self._inside += 1
        try:
            return await asyncio.wrap_future(self._threads.submit(function, *args, **kwargs))
        finally:
            self._inside -= 1

    def close(self) -> None:
        """End the threads once they have finished what they run."""
        self._threads.shutdown(wait=False, cancel_futures=True)
