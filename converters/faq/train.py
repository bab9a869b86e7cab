"""Train the classifier, and calibrate it by cross-validation on what it was not trained on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from converters.faq.calibrate import Asked, Chosen, calibrate
from converters.faq.data import Duplicate
from converters.faq.model import FaqClassifier, classifier, logits
from converters.progress import progress
from server.contract import Entry

FOLDS = 5


@dataclass(frozen=True)
class _Fold:
    """What one model of the cross-validation learns, and what it is asked then."""

    texts: list[str]
    labels: list[int]
    duplicates: list[Duplicate]
    no_match: list[str]


def train(
    entries: Sequence[Entry],
    duplicates: Sequence[Duplicate],
    no_match: Sequence[str],
    *,
    no_match_share: float,
    seed: int,
) -> tuple[FaqClassifier, Chosen]:
    """The calibrated model, and its threshold.

    `no_match_share` is the share of questions without an entry that is to be expected. Without
    `no_match` questions to learn from, whole entries are left out and theirs are used. Raises
    ConversionError where there are too few questions to calibrate on.
    """
    rng = np.random.default_rng(seed)
    folds = list(_folds(entries, duplicates, rng))
    if not no_match:
        folds += _folds_of_entries(entries, duplicates, rng)
    scoring = Parallel(n_jobs=-1, return_as="generator")(delayed(_score)(fold) for fold in folds)
    asked = [*progress(scoring, "cross-validating", len(folds))]
    fitted = classifier(len(entries)).fit(*_training_set(entries, duplicates))
    # It has not seen these, and is surer of them than models of fewer duplicates are.
    asked.append(_ask(fitted, [], no_match))
    calibration, chosen = calibrate(asked, no_match_share, seed)
    return FaqClassifier(fitted, calibration), chosen


def _training_set(
    entries: Sequence[Entry], duplicates: Sequence[Duplicate], without: frozenset[int] = frozenset()
) -> tuple[list[str], list[int]]:
    """Questions, answers and duplicates, with the indices of their entries, but those `without`."""
    pairs = [
        (text, index)
        for index, entry in enumerate(entries)
        for text in (entry.question, entry.answer)
        if text is not None
    ]
    pairs += [(duplicate.text, duplicate.entry) for duplicate in duplicates]
    kept = [(text, index) for text, index in pairs if index not in without]
    return [text for text, _ in kept], [index for _, index in kept]


def _folds(
    entries: Sequence[Entry],
    duplicates: Sequence[Duplicate],
    rng: np.random.Generator,
) -> Iterator[_Fold]:
    """Each entry's duplicates are dealt out; every model knows every entry by its question."""
    fold_of = np.empty(len(duplicates), np.int64)
    members: dict[int, list[int]] = {}
    for number, duplicate in enumerate(duplicates):
        members.setdefault(duplicate.entry, []).append(number)
    for numbers in members.values():
        fold_of[rng.permutation(numbers)] = (rng.integers(FOLDS) + np.arange(len(numbers))) % FOLDS
    for fold in range(FOLDS):
        known = [duplicates[number] for number in np.flatnonzero(fold_of != fold).tolist()]
        held_out = [duplicates[number] for number in np.flatnonzero(fold_of == fold).tolist()]
        yield _Fold(*_training_set(entries, known), held_out, [])


def _folds_of_entries(
    entries: Sequence[Entry], duplicates: Sequence[Duplicate], rng: np.random.Generator
) -> Iterator[_Fold]:
    """Whole entries are left out; then no entry answers their duplicates."""
    order = rng.permutation(len(entries))
    for part in np.array_split(order, min(FOLDS, len(entries))):
        out = frozenset(part.tolist())
        asked = [duplicate.text for duplicate in duplicates if duplicate.entry in out]
        if len(entries) - len(out) >= 2:
            yield _Fold(*_training_set(entries, duplicates, without=out), [], asked)


def _score(fold: _Fold) -> Asked:
    fitted = classifier(len(set(fold.labels))).fit(fold.texts, fold.labels)
    return _ask(fitted, fold.duplicates, fold.no_match)


def _ask(fitted: Any, duplicates: Sequence[Duplicate], no_match: Sequence[str]) -> Asked:
    return Asked(
        duplicates=logits(fitted, [duplicate.text for duplicate in duplicates]),
        labels=np.array([duplicate.entry for duplicate in duplicates], np.int64),
        no_match=logits(fitted, no_match),
    )
