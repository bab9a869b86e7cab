"""The stop-watch of one call: how long each stage of it took."""

from time import perf_counter

STAGES = ("decode", "queue", "infer", "encode")


class Stages:
    """Seconds that one call spent in each stage; a stage that was not reached is absent."""

    __slots__ = ("seconds",)

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def add(self, stage: str, seconds: float) -> None:
        """Count `seconds` more for `stage`."""
        self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds

    def timed(self, stage: str) -> "_Timed":
        """Time the block as `stage`."""
        return _Timed(self, stage)


class _Timed:
    """Half the price of a generator with @contextmanager."""

    __slots__ = ("_stage", "_stages", "_start")

    def __init__(self, stages: Stages, stage: str) -> None:
        self._stages, self._stage = stages, stage

    def __enter__(self) -> None:
        self._start = perf_counter()

    def __exit__(self, *_: object) -> None:
        self._stages.add(self._stage, perf_counter() - self._start)
