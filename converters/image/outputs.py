"""The output of a network: scores or probabilities, found by looking at what it answers."""

import logging
from typing import Literal

import numpy as np
import numpy.typing as npt
import onnx

from converters.export import ConversionError

Softmax = Literal["auto", "add", "none"]
Floats = npt.NDArray[np.float32]

_log = logging.getLogger("rtscore.convert")
# What changes a tensor's shape or type, but no value.
_CARRIERS = {"Identity", "Cast", "Flatten", "Reshape", "Squeeze", "Unsqueeze", "Transpose"}
_LINEAR = {"Gemm", "MatMul", "Add", "Conv", "DequantizeLinear"}
_SAME = 0.02
_NEAR = 5e-3  # float16 rounds a sum of 1,000 probabilities that far


def last_operator(graph: onnx.GraphProto) -> str:
    """The operator that computes the graph's first output; empty where nothing does."""
    makers = {name: node for node in graph.node for name in node.output}
    name = graph.output[0].name
    while name in makers and makers[name].op_type in _CARRIERS:
        name = makers[name].input[0]
    return makers[name].op_type if name in makers else ""


def needs_softmax(outputs: Floats, operator: str, asked: Softmax = "auto") -> bool:
    """Whether a softmax has to follow, from `outputs` [N, classes] for pictures that differ.

    `operator` is the last one of the graph. Raises ConversionError for outputs that are no scores
    or probabilities of classes, and, if not told by `asked`, where a softmax was taken twice.
    """
    _check(outputs)
    inside = bool(np.all((outputs >= -_NEAR) & (outputs <= 1 + _NEAR)))
    sums = outputs.sum(axis=1, dtype=np.float64)
    probabilities = inside and bool(np.all(np.abs(sums - 1) < _NEAR))
    if asked == "add":
        if probabilities:
            _log.warning("--softmax add: the network gives probabilities as it is")
        return True
    if asked == "none":
        _accept(inside, probabilities)
        return False
    if probabilities:
        _refuse_twice(outputs)
        return False
    _refuse_others(operator, inside, sums)
    return True


def _check(outputs: Floats) -> None:
    if outputs.ndim != 2:
        raise ConversionError(
            f"the network gives an array of shape {outputs.shape}; expected is one row of classes "
            "for each picture"
        )
    if outputs.shape[1] < 2:
        raise ConversionError(
            "the network gives one number for each picture; two classes need two: replace the "
            "sigmoid by a layer of two outputs (0 and the score) and a softmax"
        )
    if not np.isfinite(outputs).all():
        raise ConversionError(
            "the network gives NaN or infinity for some pictures; check its weights and "
            "--preprocessing"
        )


def _accept(inside: bool, probabilities: bool) -> None:
    if not inside:
        raise ConversionError(
            "--softmax none: the network gives numbers outside 0 to 1, which are no "
            "probabilities; leave it out, or give --softmax add"
        )
    if not probabilities:
        _log.warning("--softmax none: the probabilities of a picture do not sum to 1")


def _refuse_twice(outputs: Floats) -> None:
    # softmax(p) = exp(p) / c: if c can be found so that p sums to 1, p was a row of probabilities.
    logs = np.log(np.maximum(outputs, 1e-30, dtype=np.float64))
    before = logs + (1 - logs.sum(axis=1, keepdims=True)) / outputs.shape[1]
    if np.all(before > -_NEAR):
        raise ConversionError(
            "the network takes a softmax of a softmax: its rows are nearly flat (the largest "
            f"probability of all pictures is {outputs.max():.4f}, the smallest "
            f"{outputs.min():.4f}); remove one of them, or give --softmax none to keep it so"
        )


def _refuse_others(operator: str, inside: bool, sums: npt.NDArray[np.float64]) -> None:
    between = f"a picture's probabilities sum to {sums.min():.3g} to {sums.max():.3g}, not to 1"
    if operator == "Softmax":
        raise ConversionError(f"{between}: the network's softmax is over another axis than classes")
    if inside and operator not in _LINEAR:
        raise ConversionError(
            f"{between}: the network ends in {operator or 'nothing'}, which scores each class by "
            "itself; give --softmax none to serve that, or --softmax add"
        )


def softmax(scores: Floats) -> Floats:
    """Probabilities, float32 [N, classes], of scores."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True), dtype=np.float64)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)


def warn_of_sameness(probabilities: Floats) -> None:
    """Say where a network answers nearly the same [N, classes] for pictures that differ."""
    spread = float((probabilities.max(axis=0) - probabilities.min(axis=0)).max())
    if spread < _SAME:
        _log.warning(
            "the network answers nearly the same for all %d pictures (no probability differs by "
            "more than %.4f): look at --preprocessing, and whether its weights are trained",
            len(probabilities),
            spread,
        )
