"""The end of every FAQ graph: from logits to calibrated probabilities."""

import numpy as np
from onnx import TensorProto

from converters.faq.model import CANDIDATES, LEAST, MOST, Calibration
from converters.nodes import Nodes


def add_probabilities(nodes: Nodes, logits: str, entries: int, calibration: Calibration) -> None:
    """From `logits` [N, entries] to `probabilities` float32 [N, entries].

    In float64, as terms of the logistic function can be large and cancel each other.
    """
    values, places = logits, ""
    if entries > CANDIDATES:
        count = nodes.integers(CANDIDATES)
        values, places = nodes.pair("TopK", logits, count, sorted=0)
    exact = nodes.add("Cast", values, to=TensorProto.DOUBLE)
    scaled = nodes.add("Div", exact, nodes.scalar(calibration.temperature, np.float64))
    shares = nodes.add("Softmax", scaled, axis=1)
    share = nodes.add("ReduceMax", shares, nodes.integers(1), keepdims=1)
    right = _right(nodes, exact, scaled, calibration)
    kept = nodes.add("Min", nodes.add("Div", right, share), nodes.scalar(1.0, np.float64))
    most = nodes.add("Mul", kept, nodes.scalar(MOST, np.float64))
    product = nodes.add("Mul", most, shares)
    if not places:
        nodes.add("Cast", product, to=TensorProto.FLOAT, output="probabilities")
        return
    chances = nodes.add("Cast", product, to=TensorProto.FLOAT)
    none = nodes.add("Expand", nodes.scalar(0.0), nodes.add("Shape", logits))
    nodes.add("ScatterElements", none, places, chances, axis=1, output="probabilities")


def _right(nodes: Nodes, exact: str, scaled: str, calibration: Calibration) -> str:
    """How likely the best entry is right, [N, 1]: `converters.faq.model.features`, weighed."""
    axis = nodes.integers(1)
    first, _ = nodes.pair("TopK", exact, nodes.integers(2))
    best, second = _columns(nodes, first, 0, 1), _columns(nodes, first, 1, 2)
    others = nodes.add("Max", _others(nodes, scaled), nodes.scalar(LEAST, np.float64))
    features = nodes.add(
        "Concat",
        best,
        nodes.add("Sub", best, second),
        nodes.add("ReduceLogSumExp", scaled, axis, keepdims=1),
        nodes.add("Neg", nodes.add("Log", others)),
        axis=1,
    )
    weights = nodes.weight("calibration.weights", calibration.weights[:, np.newaxis])
    weighed = nodes.add("MatMul", features, weights)
    bias = nodes.scalar(calibration.bias, np.float64)
    return nodes.add("Sigmoid", nodes.add("Add", weighed, bias))


def _others(nodes: Nodes, scaled: str) -> str:
    """What the others have, as a multiple of the best entry's share; exact however little it is."""
    axis = nodes.integers(1)
    highest = nodes.add("ReduceMax", scaled, axis, keepdims=1)
    ratios = nodes.add("Exp", nodes.add("Sub", scaled, highest))
    one, none = nodes.scalar(1.0, np.float64), nodes.scalar(0.0, np.float64)
    best = nodes.add("GreaterOrEqual", ratios, one)
    less = nodes.add("ReduceSum", nodes.add("Where", best, none, ratios), axis, keepdims=1)
    equal = nodes.add("Cast", best, to=TensorProto.DOUBLE)
    count = nodes.add("ReduceSum", equal, axis, keepdims=1)
    return nodes.add("Add", less, nodes.add("Sub", count, one))


def _columns(nodes: Nodes, rows: str, start: int, end: int) -> str:
    return nodes.add("Slice", rows, nodes.integers(start), nodes.integers(end), nodes.integers(1))
