"""How good an image model is on labelled pictures: figures and their intervals."""

import numpy as np

from converters.classify.looking import TOP, Indices, Numbers, Seen
from converters.report.calibration import calibration_errors
from converters.report.intervals import Figure, interval, resamples

_BIASED = {"ece"}


def evaluate(seen: Seen, classes: int, seed: int = 0) -> dict[str, Figure]:
    """Every figure with its bootstrap interval, of a model with so many `classes`.

    Top-5 is left out where there are no more classes than that.
    """
    # Pictures are numbered by their probability, so sorted numbers are sorted pictures.
    order = np.argsort(seen.chances[:, 0], kind="stable")
    columns = _columns(seen, classes, order)
    gaps = (seen.chances[:, 0] - seen.right)[order]
    drawn = [*resamples([np.arange(len(order))], np.random.default_rng(seed))]
    found = {
        name: interval(
            float(column.mean()),
            np.concatenate([column[rows].mean(axis=1) for rows in drawn]),
            biased=False,
        )
        for name, column in columns.items()
    }
    errors = np.concatenate([calibration_errors(gaps[rows]) for rows in drawn])
    found["ece"] = interval(float(calibration_errors(gaps[np.newaxis])[0]), errors, biased=True)
    counts = {"pictures": len(seen.pictures), "unreadable": len(seen.unreadable)}
    return found | {name: Figure(*[float(count)] * 3) for name, count in counts.items()}


def _columns(seen: Seen, classes: int, order: Indices) -> dict[str, Numbers]:
    columns = {
        "top_1": seen.ranks <= 1,
        "right_probability": seen.own,
        "decode_ms": seen.decode_ms,
        "run_ms": seen.run_ms,
    }
    if classes > TOP:
        columns["top_5"] = seen.ranks <= TOP
    return {name: column[order].astype(np.float64) for name, column in columns.items()}
