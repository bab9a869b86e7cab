"""The classifier at the end of a pipeline, as probabilities inside the graph."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.naive_bayes import BernoulliNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline

from converters.sklearn import calibration, linear, trees
from converters.sklearn.features import transformed
from converters.sklearn.graph import Graph
from converters.sklearn.linear import Linear
from converters.sklearn.refusal import refuse, refuse_type
from converters.sklearn.rows import Columns, Rows

_ACTIVATIONS = {"relu": "Relu", "tanh": "Tanh", "logistic": "Sigmoid", "identity": "Identity"}


def ordered(name: str, step: Any, rows: Rows, order: Columns) -> str:
    """The tensor [N, classes] of the classes' probabilities, in this order of `step.classes_`."""
    if type(step) in linear.CLASSIFIERS:
        return _linked(rows, linear.of_classifier(name, step).ordered(order))
    found = probabilities(name, step, rows)
    return rows.graph.add("Gather", found, rows.graph.weight(order), axis=1)


def probabilities(name: str, step: Any, rows: Rows) -> str:
    """The tensor [N, classes] of what `predict_proba` gives. Raises ConversionError."""
    if type(step) in linear.CLASSIFIERS:
        return _linked(rows, linear.of_classifier(name, step))
    if type(step) in trees.CLASSIFIERS:
        return trees.probabilities(step, rows)
    if type(step) in _CLASSIFIERS:
        return _CLASSIFIERS[type(step)](name, step, rows)
    accepted = {*linear.CLASSIFIERS, *trees.CLASSIFIERS, *_CLASSIFIERS}
    raise refuse_type(name, step, accepted - {Pipeline, FrozenEstimator})


def _linked(rows: Rows, found: Linear) -> str:
    graph = rows.graph
    if found.link == "ramp":
        graph.require_exact()
    scores = found.scores(rows)
    if found.link == "softmax":
        return graph.add("Softmax", scores, axis=1)
    if found.link == "logistic":
        shares = graph.logistic(scores)
    else:
        clipped = graph.add("Clip", scores, graph.number(-1.0), graph.number(1.0))
        shares = graph.add("Div", graph.add("Add", clipped, graph.number(1.0)), graph.number(2.0))
    return calibration.shared_out(graph, shares, len(found.intercept), uniform=found.uniform)


def _bernoulli(_: str, step: Any, rows: Rows) -> str:
    if step.binarize is not None:
        rows = rows.binarized(float(step.binarize))
    absent = np.log(1 - np.exp(step.feature_log_prob_))
    intercept = step.class_log_prior_ + absent.sum(axis=1)
    return _linked(rows, Linear((step.feature_log_prob_ - absent).T, intercept))


def _network(_: str, step: Any, rows: Rows) -> str:
    graph = rows.graph
    graph.require_exact()  # errors of each layer would add up
    tensor = rows.projected(step.coefs_[0])
    for layer, intercepts in enumerate(step.intercepts_):
        if layer:
            tensor = graph.add(_ACTIVATIONS[step.activation], tensor)
            tensor = graph.add("MatMul", tensor, graph.number(step.coefs_[layer]))
        tensor = graph.add("Add", tensor, graph.number(intercepts))
    if step.out_activation_ == "softmax":
        return graph.add("Softmax", tensor, axis=1)
    return calibration.both(graph, graph.logistic(tensor))


def _calibrated(name: str, step: Any, rows: Rows) -> str:
    graph = rows.graph
    parts = []
    for part in step.calibrated_classifiers_:
        if part.method not in ("sigmoid", "isotonic"):
            raise refuse(
                name,
                f"method={part.method!r} depends on the texts that are asked together",
                "use 'sigmoid' or 'isotonic'",
            )
        responses = _responses(f"{name}.estimator", part.estimator, rows)
        parts.append(calibration.calibrated(graph, part, responses))
    return _average(graph, parts, np.full(len(parts), 1 / len(parts)))


def _responses(name: str, step: Any, rows: Rows) -> str:
    """What its calibrators are told: decisions, or else probabilities; [N, 1] for two classes."""
    while type(step) is FrozenEstimator:
        step = step.estimator
    if type(step) in linear.DECIDERS:
        return linear.decision(step).scores(rows)
    if hasattr(step, "decision_function"):
        raise refuse_type(name, step, linear.DECIDERS)
    found = probabilities(name, step, rows)
    if len(step.classes_) > 2:
        return found
    return rows.graph.add("Gather", found, rows.graph.integers(1), axis=1)


def _voting(name: str, step: Any, rows: Rows) -> str:
    names = [part for part, one in step.estimators if one != "drop"]
    parts = [
        probabilities(f"{name}.{part}", one, rows)
        for part, one in zip(names, step.estimators_, strict=True)
    ]
    given = step._weights_not_none
    weights = np.ones(len(parts)) if given is None else np.asarray(given, np.float64)
    return _average(rows.graph, parts, weights / weights.sum())


def _average(graph: Graph, parts: list[str], weights: Any) -> str:
    weighted = [
        graph.add("Mul", graph.double(part), graph.weight(np.float64(weight)))
        for part, weight in zip(parts, weights, strict=True)
    ]
    return graph.add("Sum", *weighted)


def _pipeline(name: str, step: Any, rows: Rows) -> str:
    *before, (last, classifier) = ((f"{name}.{part}", one) for part, one in step.steps)
    return probabilities(last, classifier, transformed(rows, before))


def _frozen(name: str, step: Any, rows: Rows) -> str:
    return probabilities(name, step.estimator, rows)


_CLASSIFIERS: dict[type, Callable[[str, Any, Rows], str]] = {
    BernoulliNB: _bernoulli,
    MLPClassifier: _network,
    CalibratedClassifierCV: _calibrated,
    VotingClassifier: _voting,
    Pipeline: _pipeline,
    FrozenEstimator: _frozen,
}
