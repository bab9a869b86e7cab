"""Takes the rows of concurrent calls through a model one by one, each on one thread to the end.

For models that are no faster in batches. A thread that has prepared a row goes on to compute it:
neither waits for another thread, or for the event loop, in between.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from time import perf_counter
from typing import Generic, TypeVar

from server.busy import BusyMeter
from server.errors import ShuttingDown
from server.pool import Pool
from server.runners import checked
from server.stages import STAGES, Stages

Row = TypeVar("Row")
Prepared = TypeVar("Prepared")
Result = TypeVar("Result")


class Workers(Generic[Row, Prepared, Result]):
    """The queue of one model; `threads` threads `prepare` a row and `compute` a batch of that one.

    More threads than the `cpus` that they share keep these busy while some change hands.
    """

    def __init__(
        self,
        prepare: Callable[[Row], Prepared],
        compute: Callable[[Sequence[Prepared]], Sequence[Result]],
        threads: int,
        cpus: int,
        *,
        queue_limit: int,
        on_batch: Callable[[int], None] = lambda rows: None,
    ) -> None:
        self._prepare = prepare
        self._compute = compute
        self._pool = Pool(threads, queue_limit, "rtscore-model")
        self._on_batch = on_batch
        self._stopping = False
        self.busy = BusyMeter(cpus)

    @property
    def queued_rows(self) -> int:
        """Rows that wait."""
        return self._pool.waiting

    @property
    def alive(self) -> bool:
        """Whether calls are taken and will be answered."""
        return not self._stopping

    def start(self) -> None:
        """Begin to serve; there is nothing to begin."""

    async def stop(self) -> None:
        """Refuse new calls, finish those that wait and run, and end."""
        self._stopping = True
        await self._pool.empty()
        self._pool.close()

    async def submit(self, rows: Sequence[Row], stages: Stages) -> Sequence[Result]:
        """The result of the one row in `rows`; `stages` gets `decode`, `queue` and `infer`.

        Raises Overloaded at once where the queue has no room, ShuttingDown after `stop`, and what
        preparing and computing raise. Cancelled before it started, the row is not computed.
        """
        if self._stopping:
            raise ShuttingDown(ShuttingDown.example)
        (row,) = rows
        reached = [perf_counter()]
        try:
            return [await self._pool.run(self._work, row, reached)]
        finally:
            spans = [end - begin for begin, end in pairwise([*reached, perf_counter()])]
            spent = dict(zip(("queue", "decode", "infer"), spans, strict=False))
            for stage in STAGES:
                if stage in spent:
                    stages.add(stage, spent[stage])

    def _work(self, row: Row, reached: list[float]) -> Result:
        """The row's result; `reached` gets when (perf_counter) it was taken and prepared."""
        with self.busy:
            reached.append(perf_counter())
            prepared = self._prepare(row)
            reached.append(perf_counter())
            self._on_batch(1)
            (result,) = checked(self._compute, [prepared])
        return result
