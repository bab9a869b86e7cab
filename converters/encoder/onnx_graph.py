"""An encoder that somebody exported to ONNX, between the inputs and outputs that encoders have."""

from pathlib import Path

import numpy as np
import onnx
import onnx.inliner
from onnx import TensorProto

from converters.encoder.pooling import Pooling, graph_of, normalise, pool, valid_tokens
from converters.export import ConversionError
from converters.nodes import OPSET, PREFIX, Nodes

_INPUTS = {"input_ids", "attention_mask", "token_type_ids"}
_INNER = f"{PREFIX}model."


def read(path: Path, pooling: Pooling) -> tuple[onnx.ModelProto, int]:
    """The graph from `tokens` to `embedding` that `path` makes, and its width.

    `pooling` is for an output last_hidden_state; a sentence_embedding is taken as it is. Raises
    ConversionError for a file that is broken, or has other inputs or outputs.
    """
    model = _load(path)
    output = _output(model, path)
    width = output.type.tensor_type.shape.dim[-1].dim_value
    if not width or output.type.tensor_type.elem_type != TensorProto.FLOAT:
        raise ConversionError(f"{path}: {output.name} is no float32 of a fixed width")
    names = [value.name for value in model.graph.input]
    inner = onnx.compose.add_prefix(
        onnx.utils.Extractor(model).extract_model(names, [output.name]), _INNER
    ).graph
    nodes = Nodes()
    valid = valid_tokens(nodes)
    _feed(nodes, inner, valid)
    nodes.keep(inner.node, inner.initializer)
    rows = inner.output[0].name
    if output.name == "last_hidden_state":
        rows = pool(nodes, rows, valid, pooling)
    normalise(nodes, rows)
    return graph_of(nodes, width), width


def _load(path: Path) -> onnx.ModelProto:
    try:
        model = onnx.inliner.inline_local_functions(onnx.load(path))
        onnx.checker.check_model(model)
        model = onnx.version_converter.convert_version(model, OPSET)
    except Exception as error:  # those of onnx and protobuf have no common base
        reason = " ".join(str(error).split())
        raise ConversionError(
            f"{path} can't be read as ONNX of opset {OPSET} ({reason}); export it with that opset"
        ) from error
    names = {value.name for value in model.graph.input} - {
        weight.name for weight in model.graph.initializer
    }
    if not {"input_ids", "attention_mask"} <= names <= _INPUTS:
        raise ConversionError(
            f"{path} has the inputs {', '.join(sorted(names))}; expected are input_ids, "
            "attention_mask and perhaps token_type_ids"
        )
    if any(node.op_type == "DynamicQuantizeLinear" for node in model.graph.node):
        raise ConversionError(
            f"{path} is quantised by batches, and an answer would depend on its neighbours; give "
            "the fp32 file"
        )
    return model


def _output(model: onnx.ModelProto, path: Path) -> onnx.ValueInfoProto:
    outputs: dict[str, onnx.ValueInfoProto] = {value.name: value for value in model.graph.output}
    for name in ("sentence_embedding", "last_hidden_state"):
        if name in outputs:
            return outputs[name]
    raise ConversionError(
        f"{path} has the outputs {', '.join(outputs)}; expected is last_hidden_state or "
        "sentence_embedding"
    )


def _feed(nodes: Nodes, inner: onnx.GraphProto, valid: str) -> None:
    """Make the inputs of `inner` from `tokens`."""
    zero = nodes.scalar(0, np.int64)
    values = {
        "input_ids": nodes.add("Max", "tokens", zero),
        "attention_mask": valid,
        "token_type_ids": nodes.add("Mul", "tokens", zero),
    }
    for value in inner.input:
        source = values[value.name.removeprefix(_INNER)]
        nodes.add("Cast", source, to=value.type.tensor_type.elem_type, output=value.name)
