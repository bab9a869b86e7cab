"""The most probable classes of a picture."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

# As many as nearly every caller asks for.
USUAL = 20


@dataclass(frozen=True, slots=True)
class Ranked:
    """Probabilities float32 [classes], and which of them are the USUAL highest.

    Made on a model thread: while numpy searches it gives up Python's lock, and the event loop would
    have to wait for it each time.
    """

    probabilities: npt.NDArray[np.float32]
    highest: npt.NDArray[np.intp]

    @classmethod
    def of(cls, probabilities: npt.NDArray[np.float32]) -> Self:
        """Search a row float32 [classes]."""
        return cls(probabilities, _highest(probabilities, USUAL))

    def best(self, count: int) -> Iterator[tuple[int, float]]:
        """The `count` most probable classes with their probabilities, ties in class order."""
        known = self.highest if count <= USUAL else _highest(self.probabilities, count)
        classes = known[:count]
        return zip(classes.tolist(), self.probabilities[classes].tolist(), strict=True)


def _highest(row: npt.NDArray[np.float32], count: int) -> npt.NDArray[np.intp]:
    """The classes of the `count` highest probabilities in falling order, ties in class order."""
    found: npt.NDArray[np.intp]
    if count < len(row):
        # Sorting all of 1,000 takes more than twice as long.
        least = np.partition(row, len(row) - count)[len(row) - count]
        (found,) = (row >= least).nonzero()  # more than `count` where some tie for the last place
    else:
        found = np.arange(len(row))
    return found[np.argsort(-row[found], kind="stable")[:count]]
