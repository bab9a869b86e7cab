"""How good a FAQ model is on questions that it was not trained on: figures, a table and a plot."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from rich.table import Table

Array = npt.NDArray[np.floating]
Flags = npt.NDArray[np.bool_]

BINS = 10
_MEANINGS = {
    "accuracy_at_1": "the right entry comes first",
    "accuracy_at_2": "... is among the first two",
    "accuracy_at_3": "... is among the first three",
    "mrr": "mean of 1 / rank of the right entry",
    "mean_rank": "mean rank of the right entry",
    "ece": "expected calibration error of the best match, all questions",
    "ece_duplicates": "the same, duplicates alone",
    "matched_precision": "share of the matched whose best entry is right",
    "matched_recall": "share of the duplicates matched to the right entry",
    "no_match_precision": "share of the unmatched that no entry answers",
    "no_match_recall": "share of what no entry answers that is unmatched",
    "test_duplicates": "duplicates asked",
    "test_no_match": "questions without an entry asked",
}


def ranks(probabilities: Array, entries: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Rank, from 1, of each row's own entry among the probabilities [N, entries]; ties in order."""
    own = probabilities[np.arange(len(entries)), entries][:, np.newaxis]
    before = np.arange(probabilities.shape[1]) < entries[:, np.newaxis]
    ahead = (probabilities > own) | ((probabilities == own) & before)
    return np.asarray(1 + ahead.sum(axis=1))


def calibration_bins(best: Array, right: Flags) -> list[tuple[float, float, int]]:
    """Mean probability, share that is right and number of questions of BINS bins of equal mass."""
    order = np.argsort(best, kind="stable")
    return [
        (float(best[part].mean()), float(right[part].mean()), len(part))
        for part in np.array_split(order, BINS)
        if len(part)
    ]


def calibration_error(best: Array, right: Flags) -> float:
    """Expected calibration error over bins of equal mass."""
    bins = calibration_bins(best, right)
    return sum(abs(said - true) * count for said, true, count in bins) / max(1, len(best))


def evaluate(
    duplicates: Array, entries: npt.NDArray[np.int64], no_match: Array, threshold: float
) -> dict[str, float]:
    """Every figure, from probabilities of duplicates [n, entries] and no-match questions [m, ...].

    `entries` [n] are the indices of the duplicates' own entries. Figures that nothing was asked
    for are left out.
    """
    place = ranks(duplicates, entries)
    best, right = best_matches(duplicates, entries, no_match)
    matched, answered = best >= threshold, np.arange(len(best)) < len(entries)
    figures: dict[str, float] = {f"accuracy_at_{k}": float((place <= k).mean()) for k in (1, 2, 3)}
    figures |= {
        "mrr": float((1 / place).mean()),
        "mean_rank": float(place.mean()),
        "ece": calibration_error(best, right),
        "ece_duplicates": calibration_error(best[answered], right[answered]),
        "matched_recall": float((matched & right)[answered].mean()),
        "test_duplicates": len(entries),
        "test_no_match": len(no_match),
    }
    if matched.any():
        figures["matched_precision"] = float(right[matched].mean())
    if len(no_match):
        figures["no_match_recall"] = float((~matched)[~answered].mean())
        if not matched.all():
            figures["no_match_precision"] = float((~answered)[~matched].mean())
    return figures


def best_matches(
    duplicates: Array, entries: npt.NDArray[np.int64], no_match: Array
) -> tuple[Array, Flags]:
    """Each question's best probability, and whether that entry is right; duplicates come first."""
    best = np.concatenate([duplicates.max(axis=1), no_match.max(axis=1, initial=0.0)])
    right = np.zeros(len(best), bool)
    right[: len(entries)] = duplicates.argmax(axis=1) == entries
    return best, right


def table(figures: Mapping[str, float]) -> Table:
    """The figures with their meaning."""
    made = Table("figure", "value", "meaning")
    for name, meaning in _MEANINGS.items():
        if name in figures:
            value = figures[name]
            whole = name.startswith("test_")
            made.add_row(name, f"{value:.0f}" if whole else f"{value:.3f}", meaning)
    return made


def plot(
    path: Path,
    places: npt.NDArray[np.int64],
    best: Array,
    right: Flags,
    titles: Sequence[str] = ("Accuracy at k", "Reliability of the best match"),
) -> None:
    """Write accuracy at k and a reliability diagram as a PNG."""
    with mpl.rc_context({"font.size": 10}):
        figure = Figure(figsize=(10, 4.5), layout="constrained")
        left, right_axes = figure.subplots(1, 2)
        ks = np.arange(1, 11)
        left.plot(ks, [(places <= k).mean() for k in ks], "o-")
        left.set(title=titles[0], xlabel="k", ylabel="share of duplicates", ylim=(0, 1), xticks=ks)
        bins = calibration_bins(best, right)
        right_axes.plot([0, 1], [0, 1], "--", color="grey", label="perfect")
        right_axes.plot([said for said, *_ in bins], [true for _, true, _ in bins], "o-")
        right_axes.set(
            title=f"{titles[1]} (error {calibration_error(best, right):.3f})",
            xlabel="probability said",
            ylabel="share that is right",
            xlim=(0, 1),
            ylim=(0, 1),
        )
        for axes in (left, right_axes):
            axes.grid(alpha=0.3)
        figure.savefig(path, dpi=120, format="png")
