"""The stop-watch of one call: how long each stage of it took."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

STAGES = ("decode", "queue", "infer", "encode")


class Stages:
    """Seconds that one call spent in each stage; a stage that was not reached is absent."""

    __slots__ = ("seconds",)

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Time the block as `stage`."""
        start = perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = perf_counter() - start

    def milliseconds(self) -> dict[str, float]:
        """The stages in milliseconds, to the microsecond."""
        return {stage: round(1000 * seconds, 3) for stage, seconds in self.seconds.items()}
