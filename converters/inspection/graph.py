"""What an ONNX graph is made of: inputs, outputs, operators and parameters."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import onnx
from onnx import AttributeProto, TensorProto, helper

_PACKED = {"int4": 2, "uint4": 2, "float4e2m1fn": 2, "int2": 4, "uint2": 4}  # in a byte


@dataclass(frozen=True)
class Value:
    """An input or an output; a size is a number, a name where it is free, or None."""

    name: str
    type: str
    shape: tuple[int | str | None, ...] | None


@dataclass(frozen=True)
class Parameters:
    """How many numbers of one type there are, and their bytes."""

    count: int
    bytes: int


@dataclass(frozen=True)
class Graph:
    """A graph; `operators` count its nodes, those inside of others and of functions too."""

    ir_version: int
    opsets: dict[str, int]
    producer: str
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    operators: dict[str, int]
    parameters: dict[str, Parameters]
    external_files: tuple[str, ...]


def describe(model: onnx.ModelProto) -> Graph:
    """What `model` is made of."""
    graph = model.graph
    tensors = list(_tensors(model))
    constants = {tensor.name for tensor in graph.initializer}
    operators = Counter(_operator(node) for node in _nodes(model))
    return Graph(
        ir_version=model.ir_version,
        opsets={one.domain or "ai.onnx": one.version for one in model.opset_import},
        producer=f"{model.producer_name} {model.producer_version}".strip(),
        # Old files list their parameters among the inputs.
        inputs=tuple(_value(one) for one in graph.input if one.name not in constants),
        outputs=tuple(_value(one) for one in graph.output),
        operators=dict(sorted(operators.items(), key=lambda one: (-one[1], one[0]))),
        parameters=_parameters(tensors),
        external_files=tuple(
            sorted({place.value for one in tensors for place in one.external_data
                    if place.key == "location"})
        ),
    )  # fmt: skip


def _value(value: onnx.ValueInfoProto) -> Value:
    if not value.type.HasField("tensor_type"):
        return Value(
            value.name, (value.type.WhichOneof("value") or "?").removesuffix("_type"), None
        )
    tensor = value.type.tensor_type
    shape = tuple(
        size.dim_value if size.HasField("dim_value") else size.dim_param or None
        for size in tensor.shape.dim
    )
    return Value(value.name, _type(tensor.elem_type), shape if tensor.HasField("shape") else None)


def _type(number: int) -> str:
    """numpy's name of an ONNX type."""
    if number == TensorProto.STRING:
        return "string"
    try:
        return str(helper.tensor_dtype_to_np_dtype(number))
    except KeyError:
        return f"type {number}"


def _operator(node: onnx.NodeProto) -> str:
    return node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}"


def _nodes(model: onnx.ModelProto) -> Iterator[onnx.NodeProto]:
    for function in model.functions:
        yield from _inside(function.node)
    yield from _inside(model.graph.node)


def _inside(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.NodeProto]:
    for node in nodes:
        yield node
        for graph in _bodies(node):
            yield from _inside(graph.node)


def _bodies(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    for attribute in node.attribute:
        if attribute.type == AttributeProto.GRAPH:
            yield attribute.g
        yield from attribute.graphs


def _tensors(model: onnx.ModelProto) -> Iterator[TensorProto]:
    """Every constant tensor, whether an initializer or what a Constant node gives."""
    yield from _initializers(model.graph)
    for node in _nodes(model):
        for graph in _bodies(node):
            yield from _initializers(graph)
        yield from (one.t for one in node.attribute if one.type == AttributeProto.TENSOR)


def _initializers(graph: onnx.GraphProto) -> Iterator[TensorProto]:
    yield from graph.initializer
    yield from (one.values for one in graph.sparse_initializer)


def _parameters(tensors: Iterable[TensorProto]) -> dict[str, Parameters]:
    counts: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for tensor in tensors:
        name = _type(tensor.data_type)
        counts[name] += math.prod(tensor.dims)
        sizes[name] += _bytes(tensor, name)
    return {name: Parameters(count, sizes[name]) for name, count in counts.most_common()}


def _bytes(tensor: TensorProto, name: str) -> int:
    if name == "string":
        return sum(map(len, tensor.string_data))
    if name.startswith("type "):
        return len(tensor.raw_data)
    width = int(helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize)
    return math.ceil(int(math.prod(tensor.dims)) * width / _PACKED.get(name, 1))
