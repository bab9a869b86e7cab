"""A graph made ready: constants folded, batch norms in convolutions, shapes known, nodes named."""

import tempfile
from pathlib import Path

import onnx

from converters.export import ConversionError

_LEAST_OPSET = 13  # the first in which DequantizeLinear has an axis


def prepared(graph: onnx.ModelProto) -> onnx.ModelProto:
    """`graph`, which ONNX Runtime has loaded before, as its own tool leaves it.

    It computes the same. Raises ConversionError where it is too old to be quantised by channel.
    """
    opset = next(one.version for one in graph.opset_import if one.domain in ("", "ai.onnx"))
    if opset < _LEAST_OPSET:
        raise ConversionError(
            f"the graph is of opset {opset}; export it again with {_LEAST_OPSET} or newer"
        )
    from onnxruntime.quantization import quant_pre_process  # after server.session

    with tempfile.TemporaryDirectory(prefix="quantize-") as folder:
        given, made = Path(folder, "given.onnx"), Path(folder, "made.onnx")
        onnx.save(graph, given)
        # Symbolic shapes are for transformers, and need sympy.
        quant_pre_process(given, made, skip_symbolic_shape=True)
        ready = onnx.load(made)
    _drop_unused_domains(ready)
    for node in ready.graph.node:
        node.name = node.name or node.output[0]
    return ready


def _drop_unused_domains(graph: onnx.ModelProto) -> None:
    """Forget the operator sets that ONNX Runtime lists in every graph it saves."""
    used = {node.domain for node in graph.graph.node} | {""}
    kept = [opset for opset in graph.opset_import if opset.domain in used]
    del graph.opset_import[:]
    graph.opset_import.extend(kept)
