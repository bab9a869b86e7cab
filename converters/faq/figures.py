"""Every figure of a FAQ model, from how each of the questions went."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from converters.report.calibration import Array, Flags, calibration_errors

Ranks = npt.NDArray[np.int64]

PRECISION = 0.95  # of "matched", at which recall is stated


@dataclass(frozen=True)
class Outcomes:
    """How each of N questions went, of which at least one has an entry.

    `ranks` [N] are those of the right entry, from 1, and 0 where no entry answers; `best` [N] is
    the probability of the entry that came first.
    """

    ranks: Ranks
    best: Array

    def ordered(self) -> tuple[Ranks, Array]:
        """Both, from the least sure question to the surest, `best` as float64."""
        order = np.argsort(self.best, kind="stable")
        return self.ranks[order], self.best[order].astype(np.float64)


def figures(outcomes: Outcomes, threshold: float) -> dict[str, float]:
    """Every figure; those that nothing was asked for are left out."""
    ranks, best = outcomes.ordered()
    found = figures_of_rows(ranks[np.newaxis], best[np.newaxis], threshold)
    return {name: float(value[0]) for name, value in found.items() if not np.isnan(value[0])}


def figures_of_rows(ranks: Ranks, best: Array, threshold: float) -> dict[str, Array]:
    """Each figure of R sets of N questions, float64 [R], from `ranks` and `best` [R, N].

    In each set questions go from the least sure to the surest, and as many have an entry as in the
    others. What nothing was asked for is NaN, or left out.
    """
    answered, right, matched = ranks > 0, ranks == 1, best >= threshold
    places = _those(ranks, answered)
    found: dict[str, Array] = {f"accuracy_at_{k}": (places <= k).mean(axis=1) for k in (1, 2, 3)}
    recall, bar = _at_precision(ranks, best)
    found |= {
        "mrr": (1 / places).mean(axis=1),
        "mean_rank": places.mean(axis=1),
        "ece": calibration_errors(best - right),
        "ece_duplicates": calibration_errors(_those(best - right, answered)),
        "matched_precision": _share(right & matched, matched),
        "matched_recall": _share(right & matched, answered),
        "recall_at_95_precision": recall,
        "threshold_at_95_precision": bar,
        "test_duplicates": answered.sum(axis=1).astype(np.float64),
        "test_no_match": (~answered).sum(axis=1).astype(np.float64),
    }
    if not answered.all():
        found["no_match_precision"] = _share(~answered & ~matched, ~matched)
        found["no_match_recall"] = _share(~answered & ~matched, ~answered)
    return found


def matched_curve(ranks: Ranks, best: Array) -> tuple[Array, Array, Flags]:
    """Precision and recall of "matched" [R, N], were each question's own `best` the threshold.

    Takes what `figures_of_rows` takes. The flags tell which are true: of equal ones the first.
    """
    hits = (ranks == 1)[:, ::-1].cumsum(axis=1)[:, ::-1]
    first = np.ones(ranks.shape, bool)
    first[:, 1:] = best[:, 1:] != best[:, :-1]
    precision = hits / np.arange(ranks.shape[1], 0, -1)
    return precision, hits / (ranks > 0).sum(axis=1, keepdims=True), first


def _at_precision(ranks: Ranks, best: Array) -> tuple[Array, Array]:
    """The best recall with PRECISION, 0 where none has it, and its threshold, NaN there."""
    precision, recall, first = matched_curve(ranks, best)
    recall = np.where(first & (precision >= PRECISION), recall, 0)
    place = recall.argmax(axis=1)[:, np.newaxis]
    reached = np.take_along_axis(recall, place, axis=1)[:, 0]
    bar = np.take_along_axis(best, place, axis=1)[:, 0]
    return reached, np.where(reached > 0, bar, np.nan)


def _those(values: npt.NDArray[Any], chosen: Flags) -> npt.NDArray[Any]:
    """What is chosen of each row, if it is as many in all of them."""
    return values[chosen].reshape(len(values), -1)


def _share(hits: Flags, of: Flags) -> Array:
    """Share of `hits` in each row, NaN where it is a share of none."""
    whole = of.sum(axis=1)
    shares: Array = np.full(len(whole), np.nan)
    np.divide(hits.sum(axis=1), whole, out=shares, where=whole > 0)
    return shares
