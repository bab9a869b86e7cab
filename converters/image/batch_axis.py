"""The batch axis of a graph that was exported for a fixed number of pictures, made free."""

import numpy as np
import onnx
from onnx import numpy_helper


def free(graph: onnx.GraphProto, batch: int) -> list[str]:
    """Let `graph`, made for `batch` pictures, take any number; names of the nodes changed.

    Such a number is baked into the shapes that Reshape is given. Whether nothing else holds it is
    for the comparison with the source to tell.
    """
    constants = _constants(graph)
    changed = []
    for node in graph.node:
        if node.op_type != "Reshape" or node.input[1] not in constants:
            continue
        shape = constants[node.input[1]].copy()
        if shape.size < 2 or shape[0] != batch:
            continue
        shape[0] = 0 if -1 in shape else -1  # 0 takes the size that the input has
        # A new constant: other nodes may use the old one.
        name = f"{node.input[1]}.free.{len(changed)}"
        graph.initializer.append(numpy_helper.from_array(shape, name))
        node.input[1] = name
        changed.append(node.name or node.output[0])
    return changed


def _constants(graph: onnx.GraphProto) -> dict[str, np.ndarray]:
    """Integer vectors by name: weights and the outputs of Constant."""
    tensors = {
        weight.name: weight
        for weight in graph.initializer
        if weight.data_type == onnx.TensorProto.INT64 and len(weight.dims) == 1
    }
    for node in graph.node:
        for attribute in node.attribute if node.op_type == "Constant" else ():
            if attribute.name == "value":
                tensors[node.output[0]] = attribute.t
    return {name: numpy_helper.to_array(tensor) for name, tensor in tensors.items()}
