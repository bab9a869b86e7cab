"""Joins the rows of concurrent calls into batches, runs them on model threads, shares out results.

Knows neither HTTP nor ONNX. Everything but the run itself happens on the event loop, so there are
no locks. The whole policy is `_take`: first come first served, never more rows than `max_rows`, a
call too large for one batch is split, a call that nobody waits for any more is passed over. A
batch starts the moment a runner is free.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Generic, TypeVar

from server.busy import BusyMeter
from server.errors import Overloaded, ShuttingDown
from server.runners import Runners, checked
from server.stages import Stages

Row = TypeVar("Row")
Result = TypeVar("Result")


@dataclass(eq=False, slots=True)
class _Job(Generic[Row, Result]):
    rows: Sequence[Row]
    done: asyncio.Future[None]
    submitted: float
    taken: int = 0
    finished: int = 0
    started_at: float = 0.0
    results: dict[int, Sequence[Result]] = field(default_factory=dict)

    @property
    def waiting(self) -> int:
        return len(self.rows) - self.taken


@dataclass(frozen=True, slots=True)
class _Share(Generic[Row, Result]):
    """The part of a job that goes into one batch: `rows[start:stop]`."""

    job: _Job[Row, Result]
    start: int
    stop: int


class Batcher(Generic[Row, Result]):
    """The queue of one model.

    `compute` takes a batch of rows and gives one result a row; it runs on `runners`, or, for calls
    that `inline` admits while none of this model's waits before them, right on the event loop: what
    is so quick must not wait until another model's batch leaves a runner.
    """

    def __init__(
        self,
        compute: Callable[[Sequence[Row]], Sequence[Result]],
        runners: Runners,
        *,
        max_rows: int,
        queue_limit: int,
        max_wait: float = 0.0,
        inline: Callable[[Sequence[Row]], bool] = lambda rows: False,
        on_batch: Callable[[int], None] = lambda rows: None,
    ) -> None:
        self._compute = partial(checked, compute)
        self._runners = runners
        self._max_rows = max_rows
        self._queue_limit = queue_limit
        self._max_wait = max_wait
        self._inline = inline
        self._on_batch = on_batch
        self._queue: deque[_Job[Row, Result]] = deque()
        self._arrived = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        self._loop: asyncio.Task[None] | None = None
        self._stopping = False
        self.busy = BusyMeter(runners.count)
        self.queued_rows = 0

    @property
    def alive(self) -> bool:
        """Whether calls are taken and will be answered."""
        return self._loop is not None and not self._loop.done() and not self._stopping

    def start(self) -> None:
        """Begin to serve the queue, on the running event loop."""
        self._loop = asyncio.get_running_loop().create_task(self._serve())
        self._loop.add_done_callback(self._fail_waiting)

    async def stop(self) -> None:
        """Refuse new calls, finish those that wait and run, and end."""
        self._stopping = True
        self._arrived.set()  # a batch that waits for more has waited enough
        while self._loop is not None and not self._loop.done() and (self._queue or self._running):
            tasks = [*self._running, self._loop]
            await asyncio.wait(tasks, timeout=0.05, return_when=asyncio.FIRST_COMPLETED)
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.wait([self._loop])

    async def submit(self, rows: Sequence[Row], stages: Stages) -> Sequence[Result]:
        """The results of `rows`, at least one, in their order; `stages` gets `queue` and `infer`.

        Raises Overloaded at once where the queue has no room, ShuttingDown after `stop`, and what
        `compute` raised. Cancelling it takes the rows that have not started out of the queue.
        """
        if not self.alive:
            raise ShuttingDown(ShuttingDown.example)
        if not self._queue and self._inline(rows):
            return self._run_inline(rows, stages)
        if self.queued_rows + len(rows) > self._queue_limit:
            raise Overloaded(
                f"{self.queued_rows} rows are waiting and at most {self._queue_limit} may; "
                "try again later"
            )
        job = _Job[Row, Result](
            rows, asyncio.get_running_loop().create_future(), submitted=perf_counter()
        )
        self._queue.append(job)
        self.queued_rows += len(rows)
        self._arrived.set()
        try:
            await job.done
        finally:
            self._forget(job)
        stages.add("queue", job.started_at - job.submitted)
        stages.add("infer", perf_counter() - job.started_at)
        return [result for start in sorted(job.results) for result in job.results[start]]

    def _run_inline(self, rows: Sequence[Row], stages: Stages) -> Sequence[Result]:
        self._on_batch(len(rows))
        stages.add("queue", 0.0)
        with stages.timed("infer"), self.busy:
            return self._compute(rows)

    async def _serve(self) -> None:
        while True:
            await self._arrived.wait()
            await self._wait_for_more()
            await self._runners.acquire()
            batch = self._take()
            if not batch:
                self._runners.release()
                continue
            task = asyncio.get_running_loop().create_task(self._run(batch))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _wait_for_more(self) -> None:
        """Give a batch that is not full `max_wait` seconds from its oldest call."""
        while self._queue and 0 < self.queued_rows < self._max_rows:
            left = self._queue[0].submitted + self._max_wait - perf_counter()
            if left <= 0 or self._stopping:
                return
            self._arrived.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._arrived.wait()

    def _take(self) -> list[_Share[Row, Result]]:
        batch: list[_Share[Row, Result]] = []
        room = self._max_rows
        now = perf_counter()
        while self._queue and room:
            job = self._queue[0]
            if job.done.done():  # cancelled or failed, and its caller has not run since
                self._forget(job)
                continue
            start, count = job.taken, min(job.waiting, room)
            if start == 0:
                job.started_at = now
            batch.append(_Share(job, start, start + count))
            job.taken += count
            room -= count
            self.queued_rows -= count
            if not job.waiting:
                self._queue.popleft()
        if not self._queue:
            self._arrived.clear()
        return batch

    async def _run(self, batch: list[_Share[Row, Result]]) -> None:
        try:
            rows = [row for share in batch for row in share.job.rows[share.start : share.stop]]
            self._on_batch(len(rows))
            with self.busy:
                results = await self._runners.run(self._compute, rows)
        except Exception as error:  # whatever the model raises belongs to this batch's callers
            for share in batch:
                _fail(share.job, error)
        else:
            position = 0
            for share in batch:
                count = share.stop - share.start
                _deliver(share, results[position : position + count])
                position += count
        finally:
            self._runners.release()

    def _forget(self, job: _Job[Row, Result]) -> None:
        """Take what has not started of a call that failed or that nobody waits for."""
        if job.waiting:
            self.queued_rows -= job.waiting
            job.taken = len(job.rows)
            with contextlib.suppress(ValueError):
                self._queue.remove(job)

    def _fail_waiting(self, loop: asyncio.Task[None]) -> None:
        for job in list(self._queue):
            _fail(job, RuntimeError("the loop that serves the queue has ended"))


def _fail(job: _Job[Row, Result], error: BaseException) -> None:
    if not job.done.done():
        job.done.set_exception(error)


def _deliver(share: _Share[Row, Result], results: Sequence[Result]) -> None:
    job = share.job
    job.results[share.start] = results
    job.finished += share.stop - share.start
    if job.finished == len(job.rows) and not job.done.done():
        job.done.set_result(None)
