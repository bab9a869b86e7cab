"""What makes probabilities of scores, one class against all others, inside the graph."""

from typing import Any

import numpy as np

from converters.sklearn.graph import Graph
from converters.sklearn.rows import Matrix

_STEEP = 10.0  # above this, errors of float32 scores would show


def calibrated(graph: Graph, part: Any, responses: str) -> str:
    """Probabilities [N, classes] of one part of a CalibratedClassifierCV.

    `responses` [N, classes that it knows] are its classifier's scores, [N, 1] for two classes.
    """
    if part.method == "sigmoid":
        shares = _sigmoid(graph, part.calibrators, responses)
    else:
        graph.require_exact()
        shares = _isotonic(graph, part.calibrators, responses)
    if len(part.classes) == 2:
        return both(graph, shares)
    known = np.searchsorted(part.classes, part.estimator.classes_)
    if len(known) < len(part.classes):  # some class had too few texts for each fold
        shares = graph.add("MatMul", shares, graph.weight(np.eye(len(part.classes))[known]))
    return shared_out(graph, shares, len(part.classes), uniform=True)


def both(graph: Graph, second: str) -> str:
    """The probabilities [N, 2] of two classes from those of the second [N, 1], float64."""
    first = graph.add("Sub", graph.weight(np.float64(1)), second)
    return graph.add("Concat", first, second, axis=1)


def shared_out(graph: Graph, shares: str, classes: int, *, uniform: bool) -> str:
    """`shares` [N, classes], float64, divided by their sums.

    Where all are 0, each class gets the same if `uniform`, else 0.
    """
    total = graph.add("ReduceSum", shares, graph.integers(1), keepdims=1)
    nothing = graph.add("Equal", total, graph.weight(np.float64(0)))
    divided = graph.add(
        "Div", shares, graph.add("Where", nothing, graph.weight(np.float64(1)), total)
    )
    if not uniform:
        return divided
    return graph.add("Where", nothing, graph.weight(np.float64(1 / classes)), divided)


def _sigmoid(graph: Graph, calibrators: list[Any], responses: str) -> str:
    slopes = np.array([-one.a_ for one in calibrators])
    offsets = np.array([-one.b_ for one in calibrators])
    if np.abs(slopes).max() > _STEEP:
        graph.require_exact()
    scaled = graph.add("Mul", graph.double(responses), graph.weight(slopes))
    return graph.logistic(graph.add("Add", scaled, graph.weight(offsets)))


def _isotonic(graph: Graph, calibrators: list[Any], responses: str) -> str:
    """The first height and every rise up to the response: [N, classes, rises], summed."""
    starts, lengths, heights, first = _rises(calibrators)
    responses = graph.add("Unsqueeze", responses, graph.integers(2))
    passed = graph.add(
        "Div", graph.add("Sub", responses, graph.weight(starts)), graph.weight(lengths)
    )
    share = graph.add("Clip", passed, graph.weight(np.float64(0)), graph.weight(np.float64(1)))
    risen = graph.add("Mul", share, graph.weight(heights))
    total = graph.add("ReduceSum", risen, graph.integers(2), keepdims=0)
    return graph.add("Add", total, graph.weight(first))


def _rises(calibrators: list[Any]) -> tuple[Matrix, Matrix, Matrix, Matrix]:
    """Where rises start, how long and how high they are [classes, rises], and heights before."""
    shape = len(calibrators), max(1, max(len(one.X_thresholds_) for one in calibrators) - 1)
    starts, lengths, heights = np.zeros(shape), np.ones(shape), np.zeros(shape)
    for row, one in enumerate(calibrators):
        x, y = (np.asarray(v, np.float64) for v in (one.X_thresholds_, one.y_thresholds_))
        starts[row, : len(x) - 1] = x[:-1]
        lengths[row, : len(x) - 1] = np.diff(x)
        heights[row, : len(x) - 1] = np.diff(y)
    return starts, lengths, heights, np.array([float(one.y_thresholds_[0]) for one in calibrators])
