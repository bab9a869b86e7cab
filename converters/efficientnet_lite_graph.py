"""EfficientNet-Lite as an ONNX graph: from `image` uint8 [N, height, width, 3] to probabilities."""

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from converters.efficientnet_lite import (
    EPSILON,
    MEAN,
    SCALE,
    Array,
    Block,
    Convolution,
    Variant,
    Weights,
    blocks,
)
from converters.imagenet import CLASSES

_OPSET = 18
_IR_VERSION = 10


def build(weights: Weights, variant: Variant) -> onnx.ModelProto:
    """The network of `variant`, with normalising and softmax, and batch norm in the convolutions.

    `weights` have passed `efficientnet_lite.check`.
    """
    graph = _Graph()
    x = graph.normalised("image")
    for block in blocks(variant):
        x = graph.block(x, block, weights)
    x = graph.node("Flatten", graph.node("GlobalAveragePool", x, name="pool"), name="features")
    classifier = graph.constants(
        **{"scores.weight": weights["_fc.weight"], "scores.bias": weights["_fc.bias"]}
    )
    x = graph.node("Gemm", x, *classifier, name="scores", transB=1)
    x = graph.node("Softmax", x, name="probabilities", axis=1)
    size = variant.resolution
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", size, size, 3])
    output = helper.make_tensor_value_info(x, TensorProto.FLOAT, ["N", CLASSES])
    return helper.make_model(
        helper.make_graph(graph.nodes, "efficientnet_lite", [image], [output], graph.initializers),
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
        producer_name="rtscore",
    )


class _Graph:
    """Nodes and constants so far. A node's one output has its name."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self._limits = self.constants(zero=_scalar(0), six=_scalar(6))

    def node(self, operator: str, *inputs: str, name: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def constants(self, **values: Array) -> list[str]:
        self.initializers += [numpy_helper.from_array(v, name) for name, v in values.items()]
        return list(values)

    def normalised(self, x: str) -> str:
        # Transposed as bytes: a quarter of what floats would move.
        x = self.node("Transpose", x, name="image_channels_first", perm=[0, 3, 1, 2])
        x = self.node("Cast", x, name="image_float", to=TensorProto.FLOAT)
        mean, scale = self.constants(mean=_scalar(MEAN), scale=_scalar(SCALE))
        return self.node("Div", self.node("Sub", x, mean, name="centred"), scale, name="normalised")

    def block(self, x: str, block: Block, weights: Weights) -> str:
        entry = x
        for convolution in block.convolutions:
            x = self._convolution(x, convolution, weights)
        if not block.residual:
            return x
        return self.node("Add", x, entry, name=f"{x}.add")

    def _convolution(self, x: str, convolution: Convolution, weights: Weights) -> str:
        # Weights are named "_blocks.0._expand_conv".
        name = convolution.name.removeprefix("_").replace("._", ".")
        weight, bias = _fused(weights, convolution)
        x = self.node(
            "Conv",
            x,
            *self.constants(**{f"{name}.weight": weight, f"{name}.bias": bias}),
            name=name,
            auto_pad="SAME_UPPER",
            group=convolution.inputs if convolution.depthwise else 1,
            kernel_shape=[convolution.kernel] * 2,
            strides=[convolution.stride] * 2,
        )
        if not convolution.activated:
            return x
        return self.node("Clip", x, *self._limits, name=f"{name}.relu6")


def _fused(weights: Weights, convolution: Convolution) -> tuple[Array, Array]:
    """Weight and bias of the convolution that does its batch norm's work too."""
    kernel, gamma, beta, mean, variance = (
        weights[name].astype(np.float64) for name in convolution.shapes()
    )
    factor = gamma / np.sqrt(variance + EPSILON)
    weight = kernel * factor[:, None, None, None]
    return weight.astype(np.float32), (beta - mean * factor).astype(np.float32)


def _scalar(value: float) -> Array:
    return np.asarray(value, dtype=np.float32)
