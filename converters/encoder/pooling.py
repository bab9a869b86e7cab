"""The end of an encoder's graph: from a vector a token to one a text, of length 1."""

from typing import Literal

import numpy as np
import onnx
from onnx import TensorProto, helper

from converters.nodes import Nodes

Pooling = Literal["mean", "cls"]


def valid_tokens(nodes: Nodes) -> str:
    """Which of `tokens` are no padding, bool [N, S]."""
    return nodes.add("GreaterOrEqual", "tokens", nodes.scalar(0, np.int64), name="valid")


def pool(nodes: Nodes, hidden: str, valid: str, pooling: Pooling) -> str:
    """One row a text of `hidden` float32 [N, S, width]: `valid` tokens' mean, or the first."""
    if pooling == "cls":
        return nodes.add("Gather", hidden, nodes.scalar(0, np.int64), name="pool", axis=1)
    # The mean's divisor cancels out when the vector is made one of length 1. Of two equal rows one
    # is kept: ONNX Runtime adds up a lone row in an order that depends on the padding's length.
    counted = nodes.add(
        "Unsqueeze", nodes.add("Cast", valid, to=TensorProto.FLOAT), nodes.integers(1)
    )
    twice = nodes.add("Concat", counted, counted, axis=1)  # [N, 2, S]
    summed = nodes.add("MatMul", twice, hidden, name="pool")
    return nodes.add("Gather", summed, nodes.scalar(0, np.int64), axis=1)


def normalise(nodes: Nodes, rows: str) -> None:
    """`rows` float32 [N, width] scaled to length 1, as the output `embedding`; zeros stay zeros."""
    length = nodes.add("ReduceL2", rows, nodes.integers(1), name="length", keepdims=1)
    divisor = nodes.add("Max", length, nodes.scalar(1e-12))
    nodes.add("Div", rows, divisor, name="normalise", output="embedding")


def graph_of(nodes: Nodes, width: int) -> onnx.ModelProto:
    """The graph so far: `tokens` int64 [N, S] to `embedding` float32 [N, width]."""
    return nodes.model(
        "encoder",
        [helper.make_tensor_value_info("tokens", TensorProto.INT64, ["N", "S"])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["N", width])],
    )
