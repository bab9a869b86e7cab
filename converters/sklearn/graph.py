"""A graph that is put together node by node, whose tensors' types are known."""

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, compose, helper, numpy_helper

OPSET = 18
_TREES = "ai.onnx.ml"
TREES_VERSION = 3
_IR_VERSION = 10  # what opset 18 needs, and what older runtimes read

Array = npt.NDArray[Any]


class Imprecise(Exception):
    """The graph can't be exact in float32; it must be built in float64."""


class Graph:
    """Nodes and weights so far; it begins with `indices` int64 [N, T] and `counts` [N, T].

    `exact` says that it computes in float64, from the counts on; else in float32.
    """

    def __init__(self, *, exact: bool) -> None:
        self.exact = exact
        self.dtype = np.dtype(np.float64 if exact else np.float32)
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []
        self._doubles: set[str] = set()
        self._parts: list[onnx.ModelProto] = []
        self.indices = "indices"
        self.counts = self.double("counts") if exact else "counts"

    def require_exact(self) -> None:
        """Raise Imprecise in a graph that computes in float32."""
        if not self.exact:
            raise Imprecise

    def weight(self, value: Array | np.float64) -> str:
        """The name of a constant; floats come as they are, so their type must be the right one."""
        name = f"weight_{len(self._weights)}"
        self._weights.append(numpy_helper.from_array(np.asarray(value, order="C"), name))
        return self._typed(name, value.dtype == np.float64)

    def number(self, value: Array | float) -> str:
        """The name of a constant of the graph's own float type."""
        return self.weight(np.asarray(value, self.dtype))

    def integers(self, *values: int) -> str:
        """The name of a constant int64 vector."""
        return self.weight(np.array(values, np.int64))

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """A node; the name of its one output, which is float64 where an input is."""
        name = f"{operator.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return self._typed(name, not self._doubles.isdisjoint(inputs))

    def double(self, tensor: str) -> str:
        """`tensor` as float64."""
        return tensor if tensor in self._doubles else self._cast(tensor, TensorProto.DOUBLE)

    def float(self, tensor: str) -> str:
        """`tensor` as float32."""
        return self._cast(tensor, TensorProto.FLOAT) if tensor in self._doubles else tensor

    def as_number(self, tensor: str) -> str:
        """`tensor`, integers or truth values, as the graph's own float type."""
        return self._cast(tensor, helper.np_dtype_to_tensor_dtype(self.dtype))

    def logistic(self, tensor: str) -> str:
        """1 / (1 + exp(-x)) in float64, also of large negative numbers, which Sigmoid gets wrong.

        ONNX Runtime's Sigmoid has no significant digits left below about -36.
        """
        one = self.weight(np.float64(1))
        power = self.add("Exp", self.add("Neg", self.double(tensor)))
        return self.add("Div", one, self.add("Add", one, power))

    def part(self, model: onnx.ModelProto, tensor: str, output: str) -> str:
        """The float32 `output` of another graph, whose one input is `tensor`."""
        prefix = f"part_{len(self._nodes)}_"
        inner = compose.add_prefix(model, prefix).graph
        self._nodes.append(helper.make_node("Identity", [tensor], [inner.input[0].name]))
        self._nodes.extend(inner.node)
        self._weights.extend(inner.initializer)
        return prefix + output

    def model(self, probabilities: str, classes: int) -> onnx.ModelProto:
        """The graph, whose output `probabilities` float32 [N, classes] is that tensor."""
        last = self.float(probabilities)
        nodes = [*self._nodes, helper.make_node("Identity", [last], ["probabilities"], name="last")]
        floats = TensorProto.FLOAT
        graph = helper.make_graph(
            nodes,
            "faq",
            [
                helper.make_tensor_value_info("indices", TensorProto.INT64, ["N", "T"]),
                helper.make_tensor_value_info("counts", floats, ["N", "T"]),
            ],
            [helper.make_tensor_value_info("probabilities", floats, ["N", classes])],
            initializer=self._weights,
        )
        domains = {"": OPSET, _TREES: TREES_VERSION}
        used = {node.domain for node in nodes}
        return helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid(name, domains[name]) for name in sorted(used)],
            ir_version=_IR_VERSION,
            producer_name="rtscore",
        )

    def _cast(self, tensor: str, to: int) -> str:
        name = f"cast_{len(self._nodes)}"
        self._nodes.append(helper.make_node("Cast", [tensor], [name], name=name, to=to))
        return self._typed(name, to == TensorProto.DOUBLE)

    def _typed(self, name: str, double: bool) -> str:
        if double:
            self._doubles.add(name)
        return name
