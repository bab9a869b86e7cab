"""The batch axis of a graph that was exported for a fixed number of pictures, made free."""

import numpy as np
import onnx
from onnx import numpy_helper

_FLOATS = {onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16}


def free(graph: onnx.GraphProto, batch: int) -> list[str]:
    """Let `graph`, made for `batch` pictures, take any number; names of the nodes changed.

    Such a number is baked into the shapes that Reshape is given. Whether nothing else holds it is
    for the comparison with the source to tell.
    """
    constants = _constants(graph)
    changed: list[str] = []
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


def keeper(model: onnx.ModelProto) -> str:
    """The first node of a free `model` that makes a fixed batch of a free one; empty for none."""
    inferred = onnx.shape_inference.infer_shapes(model).graph
    free = {value.name for value in inferred.input}
    fixed: set[str] = set()
    for value in inferred.value_info:
        tensor = value.type.tensor_type
        if tensor.elem_type in _FLOATS and tensor.shape.dim:
            (fixed if tensor.shape.dim[0].HasField("dim_value") else free).add(value.name)
    for node in inferred.node:
        if free.intersection(node.input) and fixed.intersection(node.output):
            return f"{node.op_type} {node.name}"
    return ""


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
