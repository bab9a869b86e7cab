"""A graph in fp16, for GPUs: half the size, and their tensor cores' speed."""

import onnx

from converters.export import ConversionError


def to_fp16(graph: onnx.ModelProto) -> onnx.ModelProto:
    """The prepared `graph` with weights and activations in fp16; inputs and outputs keep theirs.

    Raises ConversionError where a part of it can't be converted.
    """
    from onnxruntime.transformers.float16 import convert_float_to_float16  # after server.session

    try:
        converted: onnx.ModelProto = convert_float_to_float16(graph, keep_io_types=True)
    except Exception as error:  # whatever its parts raise
        reason = " ".join(str(error).split())
        raise ConversionError(f"the graph can't be converted to fp16: {reason}") from error
    del converted.metadata_props[:]
    return converted
