"""The end of an encoder's graph: from a vector a token to one a text, of length 1."""

from typing import Literal

import numpy as np

from converters.encoder.nodes import Nodes

Pooling = Literal["mean", "cls"]


def valid_tokens(nodes: Nodes) -> str:
    """Which of `tokens` are no padding, bool [N, S]."""
    zero = nodes.weight("const.zero_token", np.array(0, np.int64))
    return nodes.add("GreaterOrEqual", "tokens", zero, name="valid")


def pool(nodes: Nodes, hidden: str, valid: str, pooling: Pooling) -> str:
    """One row a text of `hidden` float32 [N, S, width]: `valid` tokens' mean, or the first."""
    if pooling == "cls":
        first = nodes.weight("const.first", np.array(0, np.int64))
        return nodes.add("Gather", hidden, first, name="pool", axis=1)
    # The mean's divisor cancels out when the vector is made one of length 1.
    counted = nodes.add("Unsqueeze", nodes.add("Cast", valid, to=1), nodes.integers(2))
    return nodes.add(
        "ReduceSum", nodes.add("Mul", hidden, counted), nodes.integers(1), name="pool", keepdims=0
    )


def normalise(nodes: Nodes, rows: str) -> None:
    """`rows` float32 [N, width] scaled to length 1, as the output `embedding`; zeros stay zeros."""
    length = nodes.add("ReduceL2", rows, nodes.integers(1), name="length", keepdims=1)
    least = nodes.weight("const.least", np.array(1e-12, np.float32))
    nodes.add("Div", rows, nodes.add("Max", length, least), name="normalise", output="embedding")
