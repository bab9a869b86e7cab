"""Train the matcher, and calibrate it by cross-validation on what it was not trained on."""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from converters.encoder.model import Encoder
from converters.faq.answers import Answers
from converters.faq.calibrate import LEAST, Asked, calibrate
from converters.faq.data import Duplicate
from converters.faq.defaults import default
from converters.faq.folds import FOLDS, Fitted, Fold, fit, folds, folds_of_entries, training_set
from converters.faq.model import Calibration, FaqClassifier, Meaning, Size, logits
from converters.faq.semantic import Embedded, Vectors
from converters.progress import progress
from server.contract import Entry

# What lexical logits may weigh beside those of an encoder, and do where too few questions tell.
LEXICAL, USUAL_LEXICAL = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4), 0.05
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
    texts, labels = training_set(entries, duplicates)
    size = Size(len(entries), len(texts))
    rng = np.random.default_rng(seed)
    # It is asked as many as other models are, and of any kind.
    asked_too = [no_match[place] for place in rng.permutation(len(no_match))[: size.most]]
    embedded = Embedded.of(encoder, [*texts, *asked_too]) if encoder else None
    fitted = fit(texts, labels, embedded(texts) if embedded else None, size)
    enough = len(no_match) >= LEAST
    known = folds(entries, duplicates, rng)
    unknown = iter(()) if enough else folds_of_entries(entries, duplicates, rng)
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
    return 1 / 3 if no_match else 0.02


def _model(
    fitted: Fitted, calibration: Any, embedded: Embedded | None, weight: float
) -> FaqClassifier:
    if embedded is None or fitted.semantic is None:
        return FaqClassifier(fitted.pipeline, calibration)
    return FaqClassifier(fitted.pipeline, calibration, Meaning(embedded, fitted.semantic, weight))


def _counts(scored: Sequence[_Scored]) -> tuple[int, int]:
    """How many questions with an entry and without one were asked."""
    parts = [one.lexical for one in scored]
    return sum(len(part.labels) for part in parts), sum(len(part.no_match) for part in parts)


def _cross_validate(
    known: Iterator[Fold],
    unknown: Iterator[Fold],
    duplicates: int,
    size: Size,
    embedded: Embedded | None,
) -> list[_Scored]:
    # A few tell enough of a large FAQ, and several at once would take several times the memory.
    small = size.entries * size.texts <= _SMALL and not (embedded and size.texts > _SMALL_KERNEL)
    needed = math.ceil(_TELLING * FOLDS / duplicates)
    each = FOLDS if small else max(needed, 2 if size.trainable else 1)
    chosen = [*itertools.islice(known, each), *itertools.islice(unknown, each)]
    most = max(LEAST, size.most // len(chosen))
    tasks = (delayed(_score)(*_task(fold, most, embedded), size) for fold in chosen)
    scoring = Parallel(n_jobs=-1 if small else 1, return_as="generator")(tasks)
    return [*progress(scoring, "cross-validating", len(chosen))]


def _answers(
    scored: Sequence[_Scored], asked: Sequence[Asked], calibration: Calibration
) -> Answers:
    known = [(one, part) for one, part in zip(scored, asked, strict=True) if one.texts]
    return Answers.of(
        [text for one, _ in known for text in one.texts],
        [int(label) for _, part in known for label in part.labels],
        (calibration.probabilities(part.duplicates) for _, part in known),
    )


_Task = tuple[Fold, Vectors | None, Vectors | None, Vectors | None]


def _task(fold: Fold, most: int, embedded: Embedded | None) -> _Task:
    """The fold, asked `most` questions of a kind, and the embeddings of all its texts."""
    cut = Fold(fold.texts, fold.labels, fold.duplicates[:most], fold.no_match[:most])
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


def _score(
    fold: Fold,
    vectors: Vectors | None,
    asked: Vectors | None,
    no_match: Vectors | None,
    size: Size,
) -> _Scored:
    fitted = fit(fold.texts, fold.labels, vectors, size)
    return _ask(fitted, fold.duplicates, fold.no_match, no_match, asked)


def _ask(
    fitted: Fitted,
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
