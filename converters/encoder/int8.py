"""An encoder's weights in int8: a quarter of the size and twice as fast.

Activations are quantised token by token, each vector by its own largest value: a range for a whole
batch, as dynamic quantisation takes it, would make an answer depend on its neighbours.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from converters.encoder.bert import Array
from converters.encoder.model import Encoder
from converters.encoder.pooling import graph_of
from converters.export import ConversionError
from converters.nodes import MICROSOFT, PREFIX, Nodes

_HIGHEST = 127
_ZERO = 128  # of uint8: processors multiply unsigned activations by signed weights
_LEAST = 1e-12


def to_int8(encoder: Encoder) -> Encoder:
    """`encoder` with its dense layers and its tables of vectors in int8.

    Raises ConversionError where its graph has no dense layer with constant weights.
    """
    quantised = _Int8(encoder.graph.graph)
    for node in encoder.graph.graph.node:
        quantised.take(node)
    if not quantised.layers:
        raise ConversionError(f"{encoder.source} has no dense layer that int8 would make faster")
    return replace(encoder, graph=quantised.model(encoder.width), precision="int8")


def quantise_layer(weight: Array) -> tuple[np.ndarray, Array]:
    """`weight` float32 [K, M] as int8 [K, M] and what to multiply each column by, float32 [M].

    Older processors add products in pairs, in 16 bits: 255 times the largest pair of weights has
    to fit, or answers would differ there.
    """
    size = np.abs(np.pad(weight, ((0, len(weight) % 2), (0, 0))))
    scales = np.maximum((size[0::2] + size[1::2]).max(axis=0), _LEAST) / _HIGHEST
    return np.rint(weight / scales).astype(np.int8), scales.astype(np.float32)


def quantise_table(table: Array) -> tuple[np.ndarray, Array]:
    """`table` float32 [R, K] as int8 [R, K] and what to multiply each row by, float32 [R, 1]."""
    scales = np.maximum(np.abs(table).max(axis=1, keepdims=True), _LEAST) / _HIGHEST
    return np.rint(table / scales).astype(np.int8), scales.astype(np.float32)


class _Int8:
    """The quantised graph, node by node."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.layers = 0
        self._nodes = Nodes(f"{PREFIX}int8.")
        self._weights = {weight.name: weight for weight in graph.initializer}
        self._kept: list[onnx.NodeProto] = []
        self._quantised: dict[str, tuple[str, str]] = {}

    def take(self, node: onnx.NodeProto) -> None:
        """Add `node`, in int8 where it is a dense layer or a table of vectors."""
        if node.op_type == "MatMul" and self._is_matrix(node.input[1]):
            self._layer(node)
        elif node.op_type == "Gather" and self._is_matrix(node.input[0]) and _axis(node) == 0:
            self._table(node)
        else:
            self._kept.append(node)
            self._nodes.keep([node])

    def model(self, width: int) -> onnx.ModelProto:
        """The graph, with those of the float weights that it still needs."""
        used = {name for node in self._kept for name in _inputs(node)}
        self._nodes.keep(weights=(self._weights[name] for name in used & self._weights.keys()))
        return graph_of(self._nodes, width)

    def _is_matrix(self, name: str) -> bool:
        weight = self._weights.get(name)
        return (
            weight is not None and weight.data_type == TensorProto.FLOAT and len(weight.dims) == 2
        )

    def _layer(self, node: onnx.NodeProto) -> None:
        nodes, (value, name) = self._nodes, node.input
        weight, scales = quantise_layer(numpy_helper.to_array(self._weights[name]))
        integers, peak = self._activations(value)
        product = nodes.add(
            "MatMulIntegerToFloat",
            integers,
            nodes.weight(name, weight),
            nodes.scalar(1 / _HIGHEST),
            nodes.weight(f"{name}.scales", scales),
            nodes.scalar(_ZERO, np.uint8),
            domain=MICROSOFT,
        )
        nodes.add("Mul", product, peak, output=node.output[0])
        self.layers += 1

    def _activations(self, value: str) -> tuple[str, str]:
        """`value` float32 [..., K] as uint8 around _ZERO, and its largest size, [..., 1]."""
        if value not in self._quantised:
            add, scalar = self._nodes.add, self._nodes.scalar
            largest = add("ReduceMax", add("Abs", value), self._nodes.integers(-1), keepdims=1)
            peak = add("Max", largest, scalar(_LEAST))
            scaled = add("Mul", value, add("Div", scalar(_HIGHEST), peak))
            rounded = add("Add", scaled, scalar(_ZERO + 0.5))  # the cast cuts digits off
            self._quantised[value] = add("Cast", rounded, to=TensorProto.UINT8), peak
        return self._quantised[value]

    def _table(self, node: onnx.NodeProto) -> None:
        nodes, (name, index) = self._nodes, node.input
        table, scales = quantise_table(numpy_helper.to_array(self._weights[name]))
        vector = nodes.add("Gather", nodes.weight(name, table), index)
        scale = nodes.add("Gather", nodes.weight(f"{name}.scales", scales), index)
        floats = nodes.add("Cast", vector, to=TensorProto.FLOAT)
        nodes.add("Mul", floats, scale, output=node.output[0])


def _axis(node: onnx.NodeProto) -> int:
    return next((one.i for one in node.attribute if one.name == "axis"), 0)


def _inputs(node: onnx.NodeProto) -> Iterator[str]:
    """What a node reads, in its branches and loops too."""
    yield from node.input
    for attribute in node.attribute:
        for inner in attribute.g.node:
            yield from _inputs(inner)
