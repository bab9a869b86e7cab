"""Train the classic recipe, and calibrate it by cross-validation on what it was not trained on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from sklearn.model_selection import KFold

from converters.export import ConversionError
from converters.faq.calibrate import Asked, Chosen, calibrate
from converters.faq.data import Duplicate
from converters.faq.pairs_fit import TREES, fit
from converters.faq.pairs_model import PairClassifier, PairModel
from converters.progress import progress
from server.contract import Entry

FOLDS = 5
_MOST = 200  # questions asked of one model: a question costs a run of every tree for every entry


@dataclass(frozen=True)
class _Fold:
    """What one model of the cross-validation learns, and what it is asked then."""

    entries: Sequence[Entry]
    known: list[Duplicate]
    duplicates: list[Duplicate]
    no_match: list[str]


def train(
    entries: Sequence[Entry],
    duplicates: Sequence[Duplicate],
    no_match: Sequence[str],
    *,
    no_match_share: float,
    seed: int,
    trees: int = TREES,
) -> tuple[PairClassifier, Chosen]:
    """The calibrated model of `trees` trees, and its threshold.

    `no_match_share` is the share of questions without an entry that is to be expected. Without
    `no_match` questions to learn from, whole entries are left out and theirs are used. Raises
    ConversionError where there is too little to learn from or to calibrate on.
    """
    if len(duplicates) < FOLDS:
        raise ConversionError(
            f"the recipe learns from pairs of duplicates and entries, and there are only "
            f"{len(duplicates)} duplicates: add to --duplicates, or train without --recipe"
        )
    rng = np.random.default_rng(seed)
    folds = list(_folds(entries, duplicates, rng))
    if not no_match:
        folds += _folds_of_entries(entries, duplicates, rng)
    scoring = Parallel(n_jobs=-1, return_as="generator")(
        delayed(_score)(fold, trees, seed) for fold in folds
    )
    asked = [*progress(scoring, "cross-validating", len(folds))]
    fitted = fit(entries, duplicates, trees, seed)
    asked.append(_ask(fitted, [], _some(no_match, FOLDS * _MOST, rng)))
    calibration, chosen = calibrate(asked, no_match_share, seed)
    return PairClassifier(fitted, calibration), chosen


def _folds(
    entries: Sequence[Entry], duplicates: Sequence[Duplicate], rng: np.random.Generator
) -> Iterator[_Fold]:
    """Duplicates are dealt out; every model knows every entry by its question."""
    deal = KFold(FOLDS, shuffle=True, random_state=int(rng.integers(2**31)))
    for known, held_out in deal.split(np.zeros(len(duplicates))):
        yield _Fold(
            entries,
            [duplicates[number] for number in known],
            [duplicates[number] for number in held_out[:_MOST]],
            [],
        )


def _folds_of_entries(
    entries: Sequence[Entry], duplicates: Sequence[Duplicate], rng: np.random.Generator
) -> Iterator[_Fold]:
    """Whole entries are left out; then no entry answers their duplicates."""
    for out in np.array_split(rng.permutation(len(entries)), min(FOLDS, len(entries))):
        kept = np.setdiff1d(np.arange(len(entries)), out).tolist()
        place = {entry: number for number, entry in enumerate(kept)}
        known = [Duplicate(one.text, place[one.entry]) for one in duplicates if one.entry in place]
        asked = [one.text for one in duplicates if one.entry not in place]
        if len(kept) >= 2 and known:
            yield _Fold([entries[entry] for entry in kept], known, [], _some(asked, _MOST, rng))


def _some(texts: Sequence[str], most: int, rng: np.random.Generator) -> list[str]:
    return [texts[number] for number in rng.permutation(len(texts))[:most]]


def _score(fold: _Fold, trees: int, seed: int) -> Asked:
    return _ask(fit(fold.entries, fold.known, trees, seed), fold.duplicates, fold.no_match)


def _ask(fitted: PairModel, duplicates: Sequence[Duplicate], no_match: Sequence[str]) -> Asked:
    return Asked(
        duplicates=fitted.margins([duplicate.text for duplicate in duplicates]),
        labels=np.array([duplicate.entry for duplicate in duplicates], np.int64),
        no_match=fitted.margins(no_match),
    )
