"""How batches of pictures run: as they come on the CPU, in lanes of fixed sizes on a GPU."""

import gc
import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from threading import BoundedSemaphore
from time import perf_counter

import numpy as np
import numpy.typing as npt

from server.contract import ImageContract
from server.lanes import Lanes
from server.session import Probabilities, Session

LONG = 0.03  # seconds of a run; to decode a photo takes 0.003 to 0.03
_log = logging.getLogger("rtscore")
Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class ImageRun:
    """A session that has run every batch size it will see first, and what runs batches on it.

    `compute` takes pictures, uint8 [height, width, 3] each, and gives their probabilities, float32
    [classes] each. `lanes` is what it runs in on a GPU, else None.
    """

    session: Session
    compute: Callable[[Sequence[Pixels]], list[Probabilities]]
    lanes: Lanes | None

    def at_most(self, count: int) -> Callable[[Sequence[Pixels]], list[Probabilities]]:
        """`compute`, of which no more than `count` run at once where one is long.

        `count` long ones keep as many CPUs busy; more would only share their caches.
        """
        if min(self._seconds() for _ in range(3)) < LONG:
            return self.compute
        turns = BoundedSemaphore(count)

        def in_turn(rows: Sequence[Pixels]) -> list[Probabilities]:
            with turns:
                return self.compute(rows)

        return in_turn

    def _seconds(self) -> float:
        contract = self.session.contract
        assert isinstance(contract, ImageContract)
        begun = perf_counter()
        self.compute([np.zeros((contract.height, contract.width, 3), np.uint8)])
        return perf_counter() - begun


def warmed_up(open_session: Callable[[bool], Session], most: int, most_on_cpu: int) -> ImageRun:
    """An image model for batches of up to `most` pictures, or `most_on_cpu` there.

    `open_session` loads it, with CUDA graphs where it is given True and a GPU is there. Where they
    can't be captured, or answer otherwise than a plain run, it is loaded again without.
    """
    session = open_session(True)
    if session.device == "cpu":
        return _stacked(session, most_on_cpu)
    try:
        return _in_lanes(session, most)
    except Exception as error:  # ONNX Runtime's own exceptions have no common base
        if not session.graphs:
            raise
        _log.warning("no CUDA graphs: %s", " ".join(str(error).split()))
    del session
    gc.collect()  # what failed still holds GPU memory
    return _in_lanes(open_session(False), most)


def _stacked(session: Session, most: int) -> ImageRun:
    def compute(rows: Sequence[Pixels]) -> list[Probabilities]:
        # One picture needs no copy.
        batch = rows[0][np.newaxis] if len(rows) == 1 else np.stack(rows)
        return list(session.run({"image": batch}))

    contract = session.contract
    assert isinstance(contract, ImageContract)
    blank = np.zeros((contract.height, contract.width, 3), np.uint8)
    for size in {1, most}:
        compute([blank] * size)
    return ImageRun(session, compute, None)


def _in_lanes(session: Session, most: int) -> ImageRun:
    lanes = Lanes(session.lane, most)
    with ExitStack() as undoing:
        undoing.callback(lanes.close)
        lanes.warm_up(lambda rows: session.run({"image": rows}))
        undoing.pop_all()  # they are warm: nothing is to be undone
    return ImageRun(session, lanes.run, lanes)
