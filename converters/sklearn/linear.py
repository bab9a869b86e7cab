"""Classifiers whose scores are a weighted sum of the features."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import (
    LogisticRegression,
    LogisticRegressionCV,
    Perceptron,
    RidgeClassifier,
    RidgeClassifierCV,
    SGDClassifier,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import ComplementNB, MultinomialNB
from sklearn.svm import LinearSVC

from converters.sklearn.refusal import refuse, refuse_type
from converters.sklearn.rows import Columns, Matrix, Rows

# How scores become probabilities: exp, the logistic function or a ramp; each then sums to 1.
Link = Literal["softmax", "logistic", "ramp"]


@dataclass(frozen=True)
class Linear:
    """Scores [N, classes] = rows @ `matrix` [width, classes] + `intercept`, and their `link`.

    Where all are 0 after the link, each class gets the same if `uniform`, else 0.
    """

    matrix: Matrix
    intercept: npt.NDArray[np.float64]
    link: Link = "softmax"
    uniform: bool = True

    def ordered(self, order: Columns) -> "Linear":
        """The same for the classes in another order."""
        return Linear(self.matrix[:, order], self.intercept[order], self.link, self.uniform)

    def scores(self, rows: Rows) -> str:
        """The scores' tensor in the rows' graph."""
        matrix, intercept = self.matrix, self.intercept
        if self.link == "softmax":  # which knows only differences; smaller numbers are exacter
            matrix = matrix - matrix.mean(axis=1, keepdims=True)
            intercept = intercept - intercept.mean()
        graph = rows.graph
        return graph.add("Add", rows.projected(matrix), graph.number(intercept))


def of_classifier(name: str, step: Any) -> Linear:
    """A classifier of CLASSIFIERS as a linear one, two columns for two classes."""
    found = CLASSIFIERS[type(step)](name, step)
    if not (np.isfinite(found.matrix).all() and np.isfinite(found.intercept).all()):
        raise refuse(name, "it has weights that are not finite", "fit it with smoothing (alpha)")
    return found


def decision(step: Any) -> Linear:
    """What its `decision_function` gives, one column for two classes, for a class of DECIDERS."""
    if type(step) is OneVsRestClassifier:
        parts = [decision(inner) for inner in step.estimators_]
        return Linear(
            np.hstack([part.matrix for part in parts]),
            np.concatenate([part.intercept for part in parts]),
            "logistic",
        )
    weights = np.atleast_2d(np.asarray(step.coef_, np.float64))
    intercept = np.broadcast_to(np.asarray(step.intercept_, np.float64), (len(weights),))
    return Linear(weights.T, intercept, "logistic")


def _both(one: Linear, link: Link) -> Linear:
    """Two columns of a single one; a softmax of half of it and its opposite is logistic."""
    share = 2 if link == "softmax" else 1
    matrix = np.hstack([-one.matrix, one.matrix]) / share
    return Linear(matrix, np.concatenate([-one.intercept, one.intercept]) / share, link)


def _logistic_regression(_: str, step: Any) -> Linear:
    one = decision(step)
    return _both(one, "softmax") if len(step.classes_) == 2 else Linear(one.matrix, one.intercept)


def _sgd(name: str, step: Any) -> Linear:
    links: dict[str, Link] = {"log_loss": "logistic", "modified_huber": "ramp"}
    if step.loss not in links:
        raise refuse(
            name,
            f"loss={step.loss!r} has no probabilities",
            "use 'log_loss' or 'modified_huber', or CalibratedClassifierCV around it",
        )
    one, link = decision(step), links[step.loss]
    if len(step.classes_) > 2:
        return Linear(one.matrix, one.intercept, link)
    return _both(one, "softmax" if link == "logistic" else link)


def _discrete(_: str, step: Any) -> Linear:
    return Linear(step.feature_log_prob_.T, step.class_log_prior_)


def _complement(_: str, step: Any) -> Linear:
    return Linear(step.feature_log_prob_.T, np.zeros(len(step.classes_)))


def _one_vs_rest(name: str, step: Any) -> Linear:
    if step.multilabel_:
        raise refuse(name, "it gives several labels a text", "fit it with one label a text")
    accepted, parts = set(CLASSIFIERS) - {type(step)}, []
    for inner in step.estimators_:
        if type(inner) not in accepted:
            raise refuse_type(f"{name}.estimator", inner, accepted)
        parts.append(of_classifier(f"{name}.estimator", inner))
    link: Link = "ramp" if parts[0].link == "ramp" else "logistic"
    columns = [part if link == "ramp" else _difference(part) for part in parts]
    matrix = np.column_stack([part.matrix[:, -1] for part in columns])
    intercept = np.array([part.intercept[-1] for part in columns])
    if len(parts) == 1:
        return _both(Linear(matrix, intercept), "softmax" if link == "logistic" else link)
    return Linear(matrix, intercept, link, uniform=False)


def _difference(two: Linear) -> Linear:
    return Linear(two.matrix[:, 1:] - two.matrix[:, :1], two.intercept[1:] - two.intercept[:1])


CLASSIFIERS: dict[type, Callable[[str, Any], Linear]] = {
    LogisticRegression: _logistic_regression,
    LogisticRegressionCV: _logistic_regression,
    SGDClassifier: _sgd,
    MultinomialNB: _discrete,
    ComplementNB: _complement,
    OneVsRestClassifier: _one_vs_rest,
}
DECIDERS = (
    LogisticRegression,
    LogisticRegressionCV,
    SGDClassifier,
    LinearSVC,
    RidgeClassifier,
    RidgeClassifierCV,
    Perceptron,
    OneVsRestClassifier,
)
