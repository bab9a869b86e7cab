"""The bare loop: the server's decoder and session on some threads, with nothing around them."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle
from statistics import quantiles
from time import perf_counter

import numpy as np

from benchmarks.images_load import cpu_seconds
from server.codec.picture import decode
from server.contract import ImageContract
from server.session import Session


@dataclass(frozen=True)
class Rate:
    """Pictures a second, CPU seconds a picture, and seconds that a picture took (median, p99)."""

    rate: float
    cpu: float
    p50: float
    p99: float

    @classmethod
    def of(cls, latencies: Sequence[float], seconds: float, cpu: float) -> "Rate":
        """From what each picture took, and from wall and CPU seconds of all."""
        ranks = quantiles(latencies, n=100, method="inclusive")
        return cls(len(latencies) / seconds, cpu / len(latencies), ranks[49], ranks[98])


def bare(session: Session, bodies: Sequence[bytes], threads: int, seconds: float) -> Rate:
    """`threads` loops of decode and run over the encoded `bodies` in turn, for `seconds`."""
    turn = cycle(bodies)
    begun, used = perf_counter(), cpu_seconds()
    with ThreadPoolExecutor(threads) as pool:
        loops = [pool.submit(_loop, session, turn, begun + seconds) for _ in range(threads)]
        latencies = [second for loop in loops for second in loop.result()]
    return Rate.of(latencies, perf_counter() - begun, cpu_seconds() - used)


def _loop(session: Session, turn: Iterator[bytes], ends: float) -> list[float]:
    assert isinstance(session.contract, ImageContract)
    latencies: list[float] = []
    begun = perf_counter()
    while begun < ends:
        pixels = decode(next(turn), session.contract, max_megapixels=50)
        session.run({"image": pixels[np.newaxis]})
        latencies.append((now := perf_counter()) - begun)
        begun = now
    return latencies
