"""The model threads, which the batchers of all models share."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Row = TypeVar("Row")
Result = TypeVar("Result")


class Runners:
    """`count` model threads, taken in turn by the batchers that share them."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._free = asyncio.Semaphore(count)
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="rtscore-model")

    async def acquire(self) -> None:
        """Wait for a free runner."""
        await self._free.acquire()

    def release(self) -> None:
        """Give a runner back."""
        self._free.release()

    async def run(self, compute: Callable[[Sequence[Row]], Result], rows: Sequence[Row]) -> Result:
        """`compute(rows)` on an acquired runner's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, compute, rows)

    def close(self) -> None:
        """End the threads once they have finished what they run."""
        self._threads.shutdown(wait=False, cancel_futures=True)
