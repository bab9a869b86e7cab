"""From the logits of held-out questions to calibrated probabilities and the no-match threshold."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from converters.export import ConversionError
from converters.faq.figures import PRECISION
from converters.faq.model import MOST, Array, Calibration, candidates, features

# Shares that are sharper than the likeliest ones leave it to the logistic model to be unsure.
SHARPER = 0.7
_FOLDS = 5  # of the questions, to measure the calibration
# The share of questions without an entry that the threshold is made for, at least: it is what keeps
# them out, where probabilities have to fit the questions that have one too.
GUARDED = 0.05
LEAST = 20  # questions of either kind to calibrate on, and to measure a precision on


@dataclass(frozen=True)
class Asked:
    """Logits of questions that a model was not trained on.

    `duplicates` [n, entries] with the indices of their entries, `labels` [n]; `no_match` [m, any],
    of questions that none of its entries answers.
    """

    duplicates: Array
    labels: npt.NDArray[np.int64]
    no_match: Array


@dataclass(frozen=True)
class Chosen:
    """A threshold, with the precision and the recall of "matched" that cross-validation gives it.

    Recall is the share of duplicates that are matched, and to the right entry.
    """

    threshold: float
    precision: float
    recall: float


def calibrate(
    asked: Sequence[Asked], no_match_share: float, seed: int
) -> tuple[Calibration, Chosen]:
    """The calibration, and the least threshold at which "matched" is right in PRECISION of cases.

    Questions are weighted so that `no_match_share` of them have no entry; for the threshold,
    GUARDED at least. What has to reach PRECISION is a lower bound, one standard error under what is
    seen; where it does nowhere, the threshold that comes closest is chosen. Raises ConversionError
    for too few questions.
    """
    asked = [
        Asked(candidates(one.duplicates), one.labels, candidates(one.no_match)) for one in asked
    ]
    known = [part for part in asked if len(part.labels)]
    unknown = [part.no_match for part in asked if len(part.no_match)]
    counts = sum(len(part.labels) for part in known), sum(map(len, unknown))
    if min(counts) < LEAST:
        raise ConversionError(
            f"there are {counts[0]} duplicates and {counts[1]} questions without an entry to "
            f"calibrate on; {LEAST} of each are needed: add to --duplicates and --no-match"
        )
    decisions = np.concatenate([part.duplicates for part in known])
    labels = np.concatenate([part.labels for part in known])
    temperature = SHARPER * _temperature(decisions, labels)
    rows = np.concatenate([features(part, temperature) for part in (decisions, *unknown)])
    answered = np.arange(len(rows)) < len(labels)
    right = np.zeros(len(rows), bool)
    right[: len(labels)] = decisions.argmax(axis=1) == labels
    weights = _weights(answered, no_match_share)
    chances, calibration = _fit(rows, right, weights, temperature, seed)
    best = np.concatenate([_best_share(part, temperature) for part in (decisions, *unknown)])
    guarded = _weights(answered, max(no_match_share, GUARDED))
    return calibration, _choose(MOST * np.minimum(chances, best), right, answered, guarded)


def _weights(answered: npt.NDArray[np.bool_], no_match_share: float) -> Array:
    """Weights, of mean 1, under which `no_match_share` of the questions are not `answered`."""
    of_each = (1 - no_match_share) / answered.sum(), no_match_share / (~answered).sum()
    return np.asarray(np.where(answered, *of_each) * len(answered))


def _fit(
    rows: Array, right: npt.NDArray[np.bool_], weights: Array, temperature: float, seed: int
) -> tuple[Array, Calibration]:
    """The chances that the best entries are right, by models that have not seen them; the model."""
    if not _FOLDS <= right.sum() <= len(right) - _FOLDS:
        raise ConversionError(
            f"the best entry is right for {right.sum()} of {len(right)} questions; to calibrate, "
            f"{_FOLDS} of both kinds are needed, right and wrong: add questions that no entry "
            "answers to --no-match, or more duplicates to --duplicates"
        )
    made: Pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    passed = {"logisticregression__sample_weight": weights}
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    chances = cross_val_predict(made, rows, right, cv=folds, method="predict_proba", params=passed)
    return chances[:, 1], _calibration(made.fit(rows, right, **passed), temperature)


def _temperature(decisions: Array, labels: npt.NDArray[np.int64]) -> float:
    """The temperature under which the duplicates' entries are most likely."""

    def loss(log_temperature: float) -> float:
        likely = log_softmax(decisions / np.exp(log_temperature), axis=1)
        own = likely[np.arange(len(labels)), labels]
        return float(-own[np.isfinite(own)].mean())  # others are no candidates

    return float(np.exp(minimize_scalar(loss, bounds=(-5, 4), method="bounded").x))


def _best_share(decisions: Array, temperature: float) -> Array:
    return np.asarray(softmax(decisions / temperature, axis=1).max(axis=1))


def _calibration(gate: Pipeline, temperature: float) -> Calibration:
    scaler, logistic = gate[0], gate[1]
    weights = logistic.coef_[0] / scaler.scale_  # on features as they are
    bias = float(logistic.intercept_[0] - scaler.mean_ @ weights)
    return Calibration(temperature, weights, bias)


def _choose(
    probabilities: Array,
    right: npt.NDArray[np.bool_],
    answered: npt.NDArray[np.bool_],
    weights: Array,
) -> Chosen:
    order = np.argsort(-probabilities, kind="stable")
    ranked = probabilities[order]
    hits = np.cumsum((weights * right)[order])
    precision = hits / np.cumsum(weights[order])
    precision[: LEAST - 1] = 0  # of so few it says nothing
    precision[:-1][ranked[1:] == ranked[:-1]] = 0  # equal ones are matched together
    error = np.sqrt(PRECISION * (1 - PRECISION) / np.arange(1, len(ranked) + 1))
    reached = np.flatnonzero(precision - error >= PRECISION)
    last = reached[-1] if len(reached) else int((precision - error).argmax())
    return Chosen(
        threshold=float(ranked[last]),
        precision=float(precision[last]),
        recall=float(hits[last] / weights[answered].sum()),
    )
