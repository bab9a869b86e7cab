"""A network between the input and the output that the server knows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import onnx.inliner
from onnx import TensorProto, helper

from converters.export import ConversionError
from converters.image import batch_axis
from converters.image.inputs import Input
from converters.image.preprocessing import Channels, Preprocessing
from converters.nodes import OPSET, Nodes

_INNER = "model."
_TO_CHANNELS_FIRST = [0, 3, 1, 2]
Step = tuple[str, list[str], dict[str, Any]]  # operator, further inputs, attributes


def wrap(
    model: onnx.ModelProto, entry: Input, preprocessing: Preprocessing, classes: int, softmax: bool
) -> onnx.ModelProto:
    """The served graph: `image` uint8 [N, height, width, 3] (RGB) to `probabilities` [N, classes].

    `entry` is the input of `model`, which is used up. Raises ConversionError where the model can't
    be brought to this project's opset, or takes bytes and the preprocessing is more than none.
    """
    model = _upgraded(model)
    inner = onnx.compose.add_prefix(model, _INNER, inplace=True).graph
    if entry.batch is not None:
        batch_axis.free(inner, entry.batch)
    _forget_origin(inner)
    nodes = Nodes("rtscore.")
    name, layout = _taken(inner, entry)
    _chain(nodes, "image", _entry_steps(nodes, entry.type, layout, preprocessing), name)
    nodes.keep(inner.node)
    _chain(nodes, inner.output[0].name, _exit_steps(inner.output[0], softmax), "probabilities")
    height, width = preprocessing.height, preprocessing.width
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", height, width, 3])
    output = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", classes])
    domains = {one.domain: one.version for one in model.opset_import}
    return _in_place(model, nodes.model("image", [image], [output], domains))


def _in_place(model: onnx.ModelProto, outer: onnx.ModelProto) -> onnx.ModelProto:
    """`outer` around the weights of `model`, which stay where they are: a copy can be large."""
    for field in ("node", "input", "output", "value_info", "doc_string", "metadata_props"):
        model.graph.ClearField(field)
    for field in ("opset_import", "doc_string", "metadata_props", "producer_version", "domain"):
        model.ClearField(field)
    version = max(model.ir_version, outer.ir_version)
    model.MergeFrom(outer)
    model.ir_version = version
    return model


def _upgraded(model: onnx.ModelProto) -> onnx.ModelProto:
    if model.functions:
        model = onnx.inliner.inline_local_functions(model)
    if opset(model) >= OPSET:
        return model
    try:
        return onnx.version_converter.convert_version(model, OPSET)
    except Exception as error:  # those of onnx and protobuf have no common base
        reason = " ".join(str(error).split())[:300]
        raise ConversionError(
            f"the graph of opset {opset(model)} can't be brought to {OPSET} ({reason}); export "
            "it with that opset"
        ) from error


def opset(model: onnx.ModelProto) -> int:
    """The version of ONNX's own operators that `model` uses."""
    return max(
        (one.version for one in model.opset_import if one.domain in ("", "ai.onnx")), default=1
    )


def _forget_origin(graph: onnx.GraphProto) -> None:
    """Remove what exporters note of the code that they ran: paths and lines, no part of a model."""
    for part in (*graph.node, *graph.initializer):
        part.ClearField("doc_string")
        part.ClearField("metadata_props")


def _taken(graph: onnx.GraphProto, entry: Input) -> tuple[str, str]:
    """The value to fill in for the input, and its layout.

    A network that takes channels last and turns them at once is given them turned.
    """
    name = _INNER + entry.name
    users = [node for node in graph.node if name in node.input]
    if entry.layout == "nhwc" and len(users) == 1 and users[0].op_type == "Transpose":
        order = list(users[0].attribute[0].ints) if users[0].attribute else []
        if order == _TO_CHANNELS_FIRST:
            graph.node.remove(users[0])
            return users[0].output[0], "nchw"
    return name, entry.layout


def _entry_steps(nodes: Nodes, kind: int, layout: str, given: Preprocessing) -> list[Step]:
    # Moved about as bytes: a quarter of what floats would take.
    steps: list[Step] = []
    if layout == "nchw":
        steps.append(("Transpose", [], {"perm": _TO_CHANNELS_FIRST}))
    if given.bgr:
        axis = 1 if layout == "nchw" else 3
        steps.append(("Gather", [nodes.integers(2, 1, 0)], {"axis": axis}))
    unchanged = not any(given.mean) and set(given.std) == {1.0}
    if kind == TensorProto.UINT8:
        if not unchanged:
            raise ConversionError(
                "the network takes bytes, so it normalises by itself; give --preprocessing none"
            )
        return steps
    steps.append(("Cast", [], {"to": TensorProto.FLOAT}))
    if any(given.mean):
        steps.append(("Sub", [_constant(nodes, "mean", given.mean, layout)], {}))
    if set(given.std) != {1.0}:
        steps.append(("Div", [_constant(nodes, "std", given.std, layout)], {}))
    if kind != TensorProto.FLOAT:
        steps.append(("Cast", [], {"to": kind}))
    return steps


def _constant(nodes: Nodes, name: str, values: Channels, layout: str) -> str:
    array = np.array(values[:1] if len(set(values)) == 1 else values, np.float32)
    return nodes.weight(name, array.reshape(-1, 1, 1) if layout == "nchw" else array)


def _exit_steps(output: onnx.ValueInfoProto, softmax: bool) -> list[Step]:
    tensor = output.type.tensor_type
    steps: list[Step] = []
    if len(tensor.shape.dim) > 2:  # [N, classes, 1, 1]
        steps.append(("Flatten", [], {"axis": 1}))
    if tensor.elem_type != TensorProto.FLOAT:
        steps.append(("Cast", [], {"to": TensorProto.FLOAT}))
    if softmax:
        steps.append(("Softmax", [], {"axis": 1}))
    return steps


def _chain(nodes: Nodes, value: str, steps: Sequence[Step], output: str) -> None:
    """From `value` through `steps` to the value `output`."""
    for number, (operator, inputs, attributes) in enumerate(steps or [("Identity", [], {})], 1):
        made = output if number >= len(steps) else ""
        value = nodes.add(operator, value, *inputs, output=made, **attributes)
