"""How much of the last seconds a model's runners spent computing: what to scale on."""

from collections.abc import Callable
from threading import Lock
from time import perf_counter

WINDOW = 15  # seconds that the ratio looks back


class BusyMeter:
    """Entered by each run, on whatever thread: adds up its seconds, in one slot a second.

    Of more than `capacity` runs at once only so many count: what shares a CPU with others takes
    longer, but computes no more.
    """

    def __init__(self, capacity: int, clock: Callable[[], float] = perf_counter) -> None:
        self._capacity = capacity
        self._clock = clock
        self._slots = [0.0] * (WINDOW + 1)
        self._counted = clock()  # all that ran until then is in the slots
        self._running = 0
        self._lock = Lock()

    def __enter__(self) -> None:
        with self._lock:
            self._count()
            self._running += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._count()
            self._running -= 1

    def ratio(self) -> float:
        """Share, 0 to 1, of the capacity of the last WINDOW seconds that was used."""
        with self._lock:
            self._count()
            oldest = self._counted - WINDOW
            # Of the oldest second only the part that is still inside the window counts.
            partial = self._slots[int(oldest) % len(self._slots)] * (oldest - int(oldest))
            busy = sum(self._slots) - partial
        return min(1.0, max(0.0, busy) / (WINDOW * self._capacity))

    def _count(self) -> None:
        """Bring the slots up to this moment."""
        now = self._clock()
        busy = min(self._running, self._capacity)
        start = max(self._counted, float(int(now) - WINDOW))
        while True:
            slot = int(start) % len(self._slots)
            if start == int(start):  # this second begins
                self._slots[slot] = 0.0
            if start >= now:
                break
            end = min(now, float(int(start) + 1))
            self._slots[slot] += busy * (end - start)
            start = end
        self._counted = now
