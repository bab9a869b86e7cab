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


def checked(
    compute: Callable[[Sequence[Row]], Sequence[Result]], rows: Sequence[Row]
) -> Sequence[Result]:
    """`compute(rows)`, which has to give one result a row, and to raise Exceptions alone."""
    try:
        results = compute(rows)
    except BaseException as error:
        if isinstance(error, Exception) and not isinstance(error, StopIteration):
            raise
        # These would end the event loop, or never arrive at the end of a future.
        raise RuntimeError(f"the model raised {type(error).__name__}") from error
    if len(results) != len(rows):
        raise RuntimeError(f"the model gave {len(results)} results for {len(rows)} rows")
    return results
