"""The end of every FAQ graph: from logits to calibrated probabilities."""

import numpy as np
from onnx import TensorProto

from converters.faq.model import CANDIDATES, MOST, Calibration
from converters.nodes import Nodes


def add_probabilities(nodes: Nodes, logits: str, entries: int, calibration: Calibration) -> None:
    """From `logits` [N, entries] to `probabilities` float32 [N, entries].

    In float64, as terms of the logistic function can be large and cancel each other.
    """
    best, places = nodes.pair("TopK", logits, nodes.integers(min(entries, CANDIDATES)))
    exact = nodes.add("Cast", best, to=TensorProto.DOUBLE)
    scaled = nodes.add("Div", exact, nodes.scalar(calibration.temperature, np.float64))
    shares = nodes.add("Softmax", scaled, axis=1)
    right = _right(nodes, exact, scaled, calibration)
    relative = nodes.add("Div", right, _columns(nodes, shares, 0, 1))
    kept = nodes.add("Min", relative, nodes.scalar(1.0, np.float64))
    most = nodes.add("Mul", kept, nodes.scalar(MOST, np.float64))
    chances = nodes.add("Cast", nodes.add("Mul", most, shares), to=TensorProto.FLOAT)
    rows = nodes.add("Shape", logits)
    none = nodes.add("Expand", nodes.scalar(0.0), rows)
    nodes.add("ScatterElements", none, places, chances, axis=1, output="probabilities")


def _right(nodes: Nodes, exact: str, scaled: str, calibration: Calibration) -> str:
    """How likely the best entry is right, [N, 1]: `converters.faq.model.features`, weighed."""
    axis = nodes.integers(1)
    best, second = _columns(nodes, exact, 0, 1), _columns(nodes, exact, 1, 2)
    mass = nodes.add("ReduceLogSumExp", scaled, axis, keepdims=1)
    others = nodes.add("ReduceLogSumExp", _columns(nodes, scaled, 1, CANDIDATES), axis, keepdims=1)
    features = nodes.add(
        "Concat",
        best,
        nodes.add("Sub", best, second),
        mass,
        nodes.add("Sub", _columns(nodes, scaled, 0, 1), others),
        axis=1,
    )
    weights = nodes.weight("calibration.weights", calibration.weights[:, np.newaxis])
    weighed = nodes.add("MatMul", features, weights)
    bias = nodes.scalar(calibration.bias, np.float64)
    return nodes.add("Sigmoid", nodes.add("Add", weighed, bias))


def _columns(nodes: Nodes, rows: str, start: int, end: int) -> str:
    return nodes.add("Slice", rows, nodes.integers(start), nodes.integers(end), nodes.integers(1))
