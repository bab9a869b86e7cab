"""Which nodes of a CNN come before its first layer with weights, or after its last."""

import onnx

LAYERS = frozenset(("Conv", "ConvTranspose", "Gemm", "MatMul"))


def ends(graph: onnx.GraphProto) -> list[str]:
    """Names of the nodes that no layer precedes or none follows: normalising and softmax.

    They cost next to nothing, and their few values are worth every bit.
    """
    after = _reached(graph, forwards=True)
    before = _reached(graph, forwards=False)
    return [
        node.name
        for node in graph.node
        if node.op_type not in LAYERS and not (node.name in after and node.name in before)
    ]


def _reached(graph: onnx.GraphProto, *, forwards: bool) -> set[str]:
    """Names of the layers and of what is computed from them (or what they are computed from)."""
    values: set[str] = set()
    names: set[str] = set()
    for node in graph.node if forwards else reversed(graph.node):  # in topological order
        entering, leaving = (node.input, node.output) if forwards else (node.output, node.input)
        if node.op_type in LAYERS or values.intersection(entering):
            names.add(node.name)
            values.update(name for name in leaving if name)
    return names
