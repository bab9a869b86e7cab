"""Closed loop (so many in flight) and open loop (so many a second), timed request by request."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from client.inputs import Input
from client.target import Answer

Send = Callable[[Input], Awaitable[Answer]]
Done = Callable[["Sample"], object]


@dataclass(frozen=True, slots=True)
class Sample:
    """What came of one request; times in seconds from the start of the run."""

    route: str
    scheduled: float
    sent: float
    finished: float
    answer: Answer

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.answer.status < 300

    @property
    def latency(self) -> float:
        """Seconds from when it had to leave, not from when it left: a stall stays visible."""
        return self.finished - self.scheduled


@dataclass(frozen=True)
class Plan:
    """How much load: `requests` or `seconds` of it, `in_flight` at once or `rate` a second."""

    requests: int | None = 100
    seconds: float | None = None
    in_flight: int = 4
    rate: float | None = None

    def __str__(self) -> str:
        if self.rate is None:
            return f"closed loop, {self.in_flight} in flight"
        return f"open loop, {self.rate:g} a second"

    def is_over(self, started: int, now: float) -> bool:
        """Whether no further request starts after `started` of them, at the time `now`."""
        return started == self.requests or (self.seconds is not None and now >= self.seconds)


async def run(
    send: Send, inputs: Iterator[Input], plan: Plan, done: Done, stop: asyncio.Event | None = None
) -> None:
    """Send `inputs` as planned; `done` gets each sample as soon as its answer is there.

    Once `stop` is set nothing more is sent, and what is under way is waited for.
    """
    await _Run(send, inputs, plan, done, stop or asyncio.Event()).all()


class _Run:
    def __init__(
        self, send: Send, inputs: Iterator[Input], plan: Plan, done: Done, stop: asyncio.Event
    ) -> None:
        self._send = send
        self._inputs = inputs
        self._plan = plan
        self._done = done
        self._stop = stop
        self._started = 0
        self._start = time.perf_counter()

    async def all(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            if self._plan.rate is not None:
                await self._open_loop(tasks, self._plan.rate)
            else:
                for _ in range(self._plan.in_flight):
                    tasks.create_task(self._caller())

    async def _caller(self) -> None:
        """One of those that send again when they have their answer."""
        while not self._is_over(now := self._now()):
            self._started += 1
            await self._one(now)

    async def _open_loop(self, tasks: asyncio.TaskGroup, rate: float) -> None:
        """Send every 1/rate seconds, whatever became of the earlier requests."""
        while not self._is_over(scheduled := self._started / rate):
            self._started += 1
            await asyncio.sleep(scheduled - self._now())
            tasks.create_task(self._one(scheduled))

    async def _one(self, scheduled: float) -> None:
        item = next(self._inputs)
        sent = self._now()
        answer = await self._send(item)
        self._done(Sample(item.route, scheduled, sent, self._now(), answer))

    def _is_over(self, now: float) -> bool:
        return self._stop.is_set() or self._plan.is_over(self._started, now)

    def _now(self) -> float:
        return time.perf_counter() - self._start
