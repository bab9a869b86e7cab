"""Train the matcher, and calibrate it by cross-validation on what it was not trained on."""

import itertools
import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from converters.encoder.model import Encoder
from converters.faq import semantic
from converters.faq.answers import Answers
from converters.faq.calibrate import LEAST, Asked, calibrate
from converters.faq.data import Duplicate
from converters.faq.defaults import default
from converters.faq.model import Calibration, FaqClassifier, Meaning, Size, classifier, logits
from converters.faq.semantic import MOST_TEXTS, Embedded, Semantic, Vectors
from converters.progress import progress
from server.contract import Entry

FOLDS = 10
# What lexical logits may weigh beside those of an encoder, and do where too few questions tell.
LEXICAL, USUAL_LEXICAL = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4), 0.1
# Held-out questions that tell enough.
_TELLING = 200
# Texts whose kernel of an encoder several processes may hold at once.
_SMALL_KERNEL = 6_000
# Entries times texts of a FAQ whose folds are all learned.
_SMALL = 1_500_000


@dataclass(frozen=True)
class Trained:
    """A model with its threshold, and what cross-validation says of it.

    `precision` and `recall` of "matched" are NaN, and `held_out` is None, where there was none.
    `held_out` are the answers to the duplicates, by models that have not seen them.
    """

    model: Any
    threshold: float
    precision: float
    recall: float
    held_out: Answers | None


@dataclass(frozen=True)
class _Fold:
    """What one model of the cross-validation learns, and what it is asked then."""

    texts: list[str]
    labels: list[int]
    duplicates: list[Duplicate]
    no_match: list[str]


@dataclass(frozen=True)
class _Fitted:
    """A model before its calibration; `semantic` where there is an encoder."""

    pipeline: Any
    semantic: Semantic | None


@dataclass(frozen=True)
class _Scored:
    """Logits of questions that a model was not trained on."""

    texts: list[str]
    lexical: Asked
    semantic: Asked | None

    def mixed(self, weight: float) -> Asked:
        """The logits of both, `weight` being that of the lexical ones; lexical ones alone else."""
        if self.semantic is None:
            return self.lexical
        return Asked(
            self.semantic.duplicates + weight * self.lexical.duplicates,
            self.lexical.labels,
            self.semantic.no_match + weight * self.lexical.no_match,
        )


def train(
    entries: Sequence[Entry],
    duplicates: Sequence[Duplicate],
    no_match: Sequence[str],
    *,
    no_match_share: float | None,
    seed: int,
    encoder: Encoder | None = None,
) -> Trained:
    """The calibrated model, and its threshold.

    `no_match_share` is the share of questions without an entry that is to be expected, None for
    the usual one. Without `no_match` questions to learn from, whole entries are left out and theirs
    are used. Where there are too few of either to calibrate on, the calibration of other sets is
    taken.
    """
    texts, labels = _training_set(entries, duplicates)
    size = Size(len(entries), len(texts))
    rng = np.random.default_rng(seed)
    # It is asked as many as other models are, and of any kind.
    asked_too = [no_match[place] for place in rng.permutation(len(no_match))[: size.most]]
    embedded = Embedded.of(encoder, [*texts, *asked_too]) if encoder else None
    fitted = _fit(texts, labels, embedded(texts) if embedded else None, size)
    enough = len(no_match) >= LEAST
    known = _folds(entries, duplicates, rng)
    unknown = iter(()) if enough else _folds_of_entries(entries, duplicates, rng)
    scored = (
        _cross_validate(known, unknown, len(duplicates), size, embedded)
        if len(duplicates) >= LEAST
        else []
    )
    # It has not seen these, and is surer of them than models of fewer duplicates are.
    scored.append(_ask(fitted, [], asked_too, embedded(asked_too) if embedded else None))
    if min(_counts(scored)) < LEAST:
        calibration, threshold = default(size, encoder is not None)
        model = _model(fitted, calibration, embedded, USUAL_LEXICAL)
        return Trained(model, threshold, math.nan, math.nan, None)
    weight = _lexical_weight(scored)
    share = no_match_share or usual_no_match_share(no_match)
    asked = [one.mixed(weight) for one in scored]
    calibration, chosen = calibrate(asked, share, seed)
    model = _model(fitted, calibration, embedded, weight)
    held_out = _answers(scored, asked, calibration)
    return Trained(model, chosen.threshold, chosen.precision, chosen.recall, held_out)


def usual_no_match_share(no_match: Sequence[str]) -> float:
    """Where examples are given, such questions are common; else they are thought to be rare."""
    return 1 / 3 if no_match else 0.05


def _model(
    fitted: _Fitted, calibration: Any, embedded: Embedded | None, weight: float
) -> FaqClassifier:
    if embedded is None or fitted.semantic is None:
        return FaqClassifier(fitted.pipeline, calibration)
    return FaqClassifier(fitted.pipeline, calibration, Meaning(embedded, fitted.semantic, weight))


def _counts(scored: Sequence[_Scored]) -> tuple[int, int]:
    """How many questions with an entry and without one were asked."""
    parts = [one.lexical for one in scored]
    return sum(len(part.labels) for part in parts), sum(len(part.no_match) for part in parts)


def _cross_validate(
    known: Iterator[_Fold],
    unknown: Iterator[_Fold],
    duplicates: int,
    size: Size,
    embedded: Embedded | None,
) -> list[_Scored]:
    # A few tell enough of a large FAQ, and several at once would take several times the memory.
    small = size.entries * size.texts <= _SMALL and not (embedded and size.texts > _SMALL_KERNEL)
    needed = math.ceil(_TELLING * FOLDS / duplicates)
    each = FOLDS if small else max(needed, 2 if size.trainable else 1)
    folds = [*itertools.islice(known, each), *itertools.islice(unknown, each)]
    most = max(LEAST, size.most // len(folds))
    tasks = (delayed(_score)(*_task(fold, most, embedded), size) for fold in folds)
    scoring = Parallel(n_jobs=-1 if small else 1, return_as="generator")(tasks)
    return [*progress(scoring, "cross-validating", len(folds))]


def _answers(
    scored: Sequence[_Scored], asked: Sequence[Asked], calibration: Calibration
) -> Answers:
    known = [(one, part) for one, part in zip(scored, asked, strict=True) if one.texts]
    return Answers.of(
        [text for one, _ in known for text in one.texts],
        [int(label) for _, part in known for label in part.labels],
        (calibration.probabilities(part.duplicates) for _, part in known),
    )


_Task = tuple[_Fold, Vectors | None, Vectors | None, Vectors | None]


def _task(fold: _Fold, most: int, embedded: Embedded | None) -> _Task:
    """The fold, asked `most` questions of a kind, and the embeddings of all its texts."""
    cut = _Fold(fold.texts, fold.labels, fold.duplicates[:most], fold.no_match[:most])
    if embedded is None:
        return cut, None, None, None
    asked = embedded([one.text for one in cut.duplicates])
    return cut, embedded(cut.texts), asked, embedded(cut.no_match)


def _lexical_weight(scored: Sequence[_Scored]) -> float:
    """The weight of the lexical logits with which most questions are answered right."""
    rates = []
    for weight in LEXICAL:
        asked = [one.mixed(weight) for one in scored if len(one.lexical.labels)]
        right = [one.duplicates.argmax(axis=1) == one.labels for one in asked]
        rates.append(float(np.concatenate(right).mean()))
    return LEXICAL[int(np.argmax(rates))]


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
        numbers = rng.permutation(np.flatnonzero(fold_of == fold)).tolist()
        held_out = [duplicates[number] for number in numbers]
        yield _Fold(*_training_set(entries, known), held_out, [])


def _folds_of_entries(
    entries: Sequence[Entry], duplicates: Sequence[Duplicate], rng: np.random.Generator
) -> Iterator[_Fold]:
    """Whole entries are left out; then no entry answers their duplicates."""
    order = rng.permutation(len(entries))
    for part in np.array_split(order, min(5, len(entries))):
        out = frozenset(part.tolist())
        asked = [duplicate.text for duplicate in duplicates if duplicate.entry in out]
        if len(entries) - len(out) >= 2:
            yield _Fold(*_training_set(entries, duplicates, without=out), [], asked)


def _fit(texts: list[str], labels: list[int], vectors: Vectors | None, size: Size) -> _Fitted:
    """Of the kind that a FAQ of `size` takes, also where some of it is left out."""
    with warnings.catch_warnings():  # of entries with one text each, which are no regression
        warnings.filterwarnings("ignore", "The number of unique classes")
        made = classifier(size.entries, size.texts).fit(texts, labels)
    if vectors is None:
        return _Fitted(made, None)
    most = MOST_TEXTS if size.texts <= MOST_TEXTS else 0
    return _Fitted(made, semantic.fit(vectors, np.array(labels), most))


def _score(
    fold: _Fold,
    vectors: Vectors | None,
    asked: Vectors | None,
    no_match: Vectors | None,
    size: Size,
) -> _Scored:
    fitted = _fit(fold.texts, fold.labels, vectors, size)
    return _ask(fitted, fold.duplicates, fold.no_match, no_match, asked)


def _ask(
    fitted: _Fitted,
    duplicates: Sequence[Duplicate],
    no_match: Sequence[str],
    no_match_vectors: Vectors | None,
    vectors: Vectors | None = None,
) -> _Scored:
    texts = [duplicate.text for duplicate in duplicates]
    labels = np.array([duplicate.entry for duplicate in duplicates], np.int64)
    lexical = Asked(
        logits(fitted.pipeline, texts),
        labels,
        logits(fitted.pipeline, no_match),
    )
    if fitted.semantic is None or no_match_vectors is None:
        return _Scored(texts, lexical, None)
    known = no_match_vectors[:0] if vectors is None else vectors
    return _Scored(
        texts,
        lexical,
        Asked(fitted.semantic.logits(known), labels, fitted.semantic.logits(no_match_vectors)),
    )
