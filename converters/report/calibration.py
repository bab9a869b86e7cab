"""How far the probabilities that a model says are from how often it is right."""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating]
Flags = npt.NDArray[np.bool_]

BINS = 10


def calibration_bins(best: Array, right: Flags) -> list[tuple[float, float, int]]:
    """Mean probability, share that is right and number of rows of BINS bins of equal mass."""
    order = np.argsort(best, kind="stable")
    return [
        (float(best[part].mean()), float(right[part].mean()), len(part))
        for part in np.array_split(order, BINS)
        if len(part)
    ]


def calibration_errors(gaps: Array) -> Array:
    """Expected calibration error [R] over bins of equal mass, from said minus true, [R, N].

    In each of the R sets rows go from the least sure to the surest.
    """
    count = gaps.shape[1]
    if not count:
        return np.zeros(len(gaps))
    starts = [part[0] for part in np.array_split(np.arange(count), min(BINS, count))]
    return np.asarray(np.abs(np.add.reduceat(gaps, starts, axis=1)).sum(axis=1) / count)
