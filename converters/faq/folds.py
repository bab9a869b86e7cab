"""What each model of the cross-validation learns and is asked, and how one is learned."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from converters.faq import semantic
from converters.faq.data import Duplicate
from converters.faq.model import Size, classifier
from converters.faq.semantic import MOST_TEXTS, Semantic, Vectors
from server.contract import Entry

FOLDS = 10
FOLDS_OF_ENTRIES = 5


@dataclass(frozen=True)
class Fold:
    """What one model of the cross-validation learns, and what it is asked then."""

    texts: list[str]
    labels: list[int]
    duplicates: list[Duplicate]
    no_match: list[str]


@dataclass(frozen=True)
class Fitted:
    """A model before its calibration; `semantic` where there is an encoder."""

    pipeline: Any
    semantic: Semantic | None


def training_set(
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


def folds(
    entries: Sequence[Entry],
    duplicates: Sequence[Duplicate],
    rng: np.random.Generator,
) -> Iterator[Fold]:
    """Each entry's duplicates are dealt out; every model knows every entry by its question."""
    fold_of = np.empty(len(duplicates), np.int64)
    members: dict[int, list[int]] = {}
    for number, duplicate in enumerate(duplicates):
        members.setdefault(duplicate.entry, []).append(number)
    for numbers in members.values():
        fold_of[rng.permutation(numbers)] = (rng.integers(FOLDS) + np.arange(len(numbers))) % FOLDS
    for fold in range(FOLDS):
        known = [duplicates[number] for number in np.flatnonzero(fold_of != fold).tolist()]
        numbers = rng.permutation(np.flatnonzero(fold_of == fold)).tolist()
        held_out = [duplicates[number] for number in numbers]
        yield Fold(*training_set(entries, known), held_out, [])


def folds_of_entries(
    entries: Sequence[Entry], duplicates: Sequence[Duplicate], rng: np.random.Generator
) -> Iterator[Fold]:
    """Whole entries are left out; then no entry answers their duplicates."""
    order = rng.permutation(len(entries))
    for part in np.array_split(order, min(FOLDS_OF_ENTRIES, len(entries))):
        out = frozenset(part.tolist())
        asked = [duplicate.text for duplicate in duplicates if duplicate.entry in out]
        if len(entries) - len(out) >= 2:
            yield Fold(*training_set(entries, duplicates, without=out), [], asked)


def fit(texts: list[str], labels: list[int], vectors: Vectors | None, size: Size) -> Fitted:
    """Of the kind that a FAQ of `size` takes, also where some of it is left out."""
    with warnings.catch_warnings():  # of entries with one text each, which are no regression
        warnings.filterwarnings("ignore", "The number of unique classes")
        made = classifier(size.entries, size.texts).fit(texts, labels)
    if vectors is None:
        return Fitted(made, None)
    most = MOST_TEXTS if size.texts <= MOST_TEXTS else 0
    return Fitted(made, semantic.fit(vectors, np.array(labels), most))
