"""How much of the last seconds a model's runners spent computing: what to scale on."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from time import perf_counter

WINDOW = 15  # seconds that the ratio looks back


class BusyMeter:
    """Adds up the seconds that `runners` runners compute, in one slot a second."""

    def __init__(self, runners: int) -> None:
        self._runners = runners
        self._slots = [0.0] * (WINDOW + 1)
        self._newest = int(perf_counter())
        self._since: list[float] = []
        self._lock = Lock()  # the metrics may have a port, and with it a thread, of their own

    @contextmanager
    def running(self, start: float) -> Iterator[None]:
        """Count the time from `start` (perf_counter) until the block is left."""
        self._since.append(start)
        try:
            yield
        finally:
            self._since.remove(start)
            self.add(start, perf_counter())

    def add(self, start: float, end: float) -> None:
        """Count one run, split over the seconds that it touches."""
        with self._lock:
            self._forget_before(end)
            start = max(start, float(self._newest - WINDOW))
            while start < end:
                until = min(end, float(int(start) + 1))
                self._slots[int(start) % len(self._slots)] += until - start
                start = until

    def ratio(self, now: float | None = None) -> float:
        """Share, 0 to 1, of the runners' last WINDOW seconds that was spent computing."""
        now = perf_counter() if now is None else now
        oldest = now - WINDOW
        with self._lock:
            self._forget_before(now)
            # Of the oldest second only the part that is still inside the window counts.
            partial = self._slots[int(oldest) % len(self._slots)] * (oldest - int(oldest))
            busy = sum(self._slots) - partial
        busy += sum(now - max(start, oldest) for start in tuple(self._since))
        return min(1.0, max(0.0, busy) / (WINDOW * self._runners))

    def _forget_before(self, now: float) -> None:
        for second in range(max(self._newest + 1, int(now) - WINDOW), int(now) + 1):
            self._slots[second % len(self._slots)] = 0.0
        self._newest = max(self._newest, int(now))
