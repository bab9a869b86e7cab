"""How much of the last seconds a model's runners spent computing: what to scale on."""

from threading import Lock
from time import perf_counter

WINDOW = 15  # seconds that the ratio looks back


class BusyMeter:
    """Adds up the seconds that `runners` runners compute, in one slot a second."""

    def __init__(self, runners: int) -> None:
        self._runners = runners
        self._slots = [0.0] * (WINDOW + 1)
        self._newest = int(perf_counter())
        self.since: list[float] = []  # when what runs began
        self._lock = Lock()  # the metrics may have a port, and with it a thread, of their own

    def running(self, start: float) -> "_Running":
        """Count the time from `start` (perf_counter) until the block is left."""
        return _Running(self, start)

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
        busy += sum(now - max(start, oldest) for start in tuple(self.since))
        return min(1.0, max(0.0, busy) / (WINDOW * self._runners))

    def _forget_before(self, now: float) -> None:
        for second in range(max(self._newest + 1, int(now) - WINDOW), int(now) + 1):
            self._slots[second % len(self._slots)] = 0.0
        self._newest = max(self._newest, int(now))


class _Running:
    """Half the price of a generator with @contextmanager."""

    __slots__ = ("_meter", "_start")

    def __init__(self, meter: BusyMeter, start: float) -> None:
        self._meter, self._start = meter, start

    def __enter__(self) -> None:
        self._meter.since.append(self._start)

    def __exit__(self, *_: object) -> None:
        self._meter.since.remove(self._start)
        self._meter.add(self._start, perf_counter())
