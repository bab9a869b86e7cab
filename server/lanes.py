"""Batches on memory of their own, of fixed sizes: one computes while the next one is copied.

Knows no ONNX Runtime; a session makes the lanes. A captured CUDA graph belongs to the thread that
captured it and reads and writes the addresses that it was captured with. So every lane has buffers
of its own, a batch has its lane for itself until its answers are read, and all of them compute on
one thread.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from server.shapes import batch_sizes, padded_size

Pixels = npt.NDArray[np.uint8]
Probabilities = npt.NDArray[np.float32]

SIDE_BY_SIDE = 2  # lanes of a size: one computes, one is filled


class Value(Protocol):
    """What a lane needs of an OrtValue."""

    def update_inplace(self, data: Any) -> None:
        """Copy the array `data` into it; returns when that is done."""

    def numpy(self) -> npt.NDArray[Any]:
        """Its content; on the CPU its very memory."""


class Lane:
    """Memory for one batch on the host and on the device, and the run between them.

    `rows`, uint8 [size, ...], is the host's; `source` and `target` are what `run`, which returns
    when it is done, reads and writes.
    """

    def __init__(
        self, rows: Pixels, source: Value, target: Value, run: Callable[[], object]
    ) -> None:
        self.rows = rows
        self.compute = run
        self._source = source
        self._target = target

    def load(self, rows: Sequence[Pixels]) -> None:
        """Copy `rows` to the device; what an earlier batch left behind them is the padding."""
        for place, row in enumerate(rows):
            self.rows[place] = row
        self._source.update_inplace(self.rows)

    def answers(self, count: int) -> Probabilities:
        """The first `count` rows of what was computed, float32 [count, outputs], for good."""
        return np.array(self._target.numpy()[:count])


class Lanes:
    """Lanes for batches of 1 to `most` rows, made by `make`, which is told their size."""

    def __init__(self, make: Callable[[int], Lane], most: int) -> None:
        self.sizes = batch_sizes(most)
        self._lanes = {size: [make(size) for _ in range(SIDE_BY_SIDE)] for size in self.sizes}
        self._free: dict[int, SimpleQueue[Lane]] = {size: SimpleQueue() for size in self.sizes}
        for size, lane in self._each():
            self._free[size].put(lane)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="rtscore-gpu")

    def warm_up(self, plain: Callable[[Pixels], Probabilities]) -> None:
        """Run every lane twice, the second time on other rows: it tunes, captures, and replays.

        Raises RuntimeError where the answers are not those of `plain`.
        """
        random = np.random.default_rng(0)
        for size, lane in self._each():
            for _ in range(2):
                rows = _noise(random, lane.rows.shape)
                expected = plain(rows)  # first: nothing is left to tune or to allocate in a capture
                answers = self._on(lane, list(rows))
                # Another algorithm may round differently; what was not computed is far off.
                if not np.allclose(answers, expected, rtol=1e-2, atol=1e-3):
                    raise RuntimeError(f"a batch of {size} got other answers than a plain run")

    def run(self, rows: Sequence[Pixels]) -> list[Probabilities]:
        """The probabilities, float32 [outputs], of each of `rows`; any thread may call it.

        Raises ValueError for more rows than the lanes were made for, and what the run raises.
        """
        free = self._free[padded_size(len(rows), self.sizes)]
        lane = free.get()
        try:
            return list(self._on(lane, rows))
        finally:
            free.put(lane)

    def close(self) -> None:
        """End the thread once it has finished what it runs."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _on(self, lane: Lane, rows: Sequence[Pixels]) -> Probabilities:
        lane.load(rows)
        self._thread.submit(lane.compute).result()
        return lane.answers(len(rows))

    def _each(self) -> Iterator[tuple[int, Lane]]:
        """Every lane with its size; the largest first, whose memory the smaller ones then use."""
        for size in reversed(self.sizes):
            for lane in self._lanes[size]:
                yield size, lane


def _noise(random: np.random.Generator, shape: tuple[int, ...]) -> Pixels:
    """Rows of different colours, with noise: pixels that no two rows share."""
    rows: Pixels = random.integers(0, 64, shape, np.uint8)
    rows += random.integers(0, 192, (shape[0], *(1 for _ in shape[2:]), shape[-1]), np.uint8)
    return rows
