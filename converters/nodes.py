"""A graph put together node by node, every name in it with the same prefix."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

PREFIX = "encoder."
OPSET = 18
MICROSOFT = "com.microsoft"  # ONNX Runtime's own operators
_IR_VERSION = 10  # what opset 18 needs, and what older runtimes read


class Nodes:
    """The nodes and weights of a graph that grows; new names begin with `prefix` and are unique."""

    def __init__(self, prefix: str = PREFIX) -> None:
        self._prefix = prefix
        self._nodes: list[onnx.NodeProto] = []
        self._weights: dict[str, onnx.TensorProto] = {}

    def weight(self, name: str, value: npt.NDArray[Any]) -> str:
        """The name under which `value` is stored; the same for the same `name`."""
        full = self._prefix + name
        if full not in self._weights:
            self._weights[full] = numpy_helper.from_array(np.asarray(value, order="C"), full)
        return full

    def scalar(self, value: float, dtype: npt.DTypeLike = np.float32) -> str:
        """A constant without a shape."""
        return self.weight(f"const.{np.dtype(dtype).name}.{value}", np.array(value, dtype))

    def integers(self, *values: int) -> str:
        """A constant int64 vector."""
        return self.weight(f"const.{list(values)}", np.array(values, np.int64))

    def add(
        self, operator: str, *inputs: str, name: str = "", output: str = "", **attributes: Any
    ) -> str:
        """A node and its one output, whose name is returned; `output` names it."""
        full = f"{self._prefix}{name or operator}.{len(self._nodes)}"
        made = output or f"{full}.out"
        self._nodes.append(helper.make_node(operator, inputs, [made], name=full, **attributes))
        return made

    def keep(
        self, nodes: Iterable[onnx.NodeProto] = (), weights: Iterable[onnx.TensorProto] = ()
    ) -> None:
        """Take over what another graph has, under its names there."""
        self._nodes.extend(nodes)
        self._weights |= {weight.name: weight for weight in weights}

    def pair(self, operator: str, *inputs: str, **attributes: Any) -> tuple[str, str]:
        """A node and its two outputs."""
        full = f"{self._prefix}{operator}.{len(self._nodes)}"
        made = f"{full}.first", f"{full}.second"
        self._nodes.append(helper.make_node(operator, inputs, made, name=full, **attributes))
        return made

    def model(
        self,
        name: str,
        inputs: Sequence[onnx.ValueInfoProto],
        outputs: Sequence[onnx.ValueInfoProto],
        domains: Mapping[str, int] | None = None,
    ) -> onnx.ModelProto:
        """The graph so far; `domains` are the versions that are not OPSET (ONNX's own) or 1."""
        graph = helper.make_graph(
            self._nodes, name, inputs, outputs, initializer=list(self._weights.values())
        )
        opsets = {node.domain: 1 for node in self._nodes} | {"": OPSET} | dict(domains or {})
        return helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid(*opset) for opset in opsets.items()],
            ir_version=_IR_VERSION,
            producer_name="rtscore",
        )
