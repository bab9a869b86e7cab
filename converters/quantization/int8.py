"""A graph in int8, by ONNX Runtime's static quantiser, from the ranges of its activations.

Weights are signed and scaled by output channel, activations unsigned and scaled by tensor: what
processors with VNNI multiply fastest, and, per channel, as exact as it gets.
"""

import logging
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx

from converters.export import ConversionError
from converters.quantization.ends import ends

# Layers and what lies between them, so that values stay int8 from the first to the last.
OPERATORS = (
    "Add",
    "AveragePool",
    "Clip",
    "Concat",
    "Conv",
    "ConvTranspose",
    "Flatten",
    "Gemm",
    "GlobalAveragePool",
    "LeakyRelu",
    "MatMul",
    "MaxPool",
    "Mul",
    "Pad",
    "Relu",
    "Reshape",
    "Sigmoid",
    "Slice",
    "Split",
    "Squeeze",
    "Transpose",
    "Unsqueeze",
)


def quantise(
    graph: onnx.ModelProto, ranges: Mapping[str, tuple[float, float]], *, reduce_range: bool
) -> onnx.ModelProto:
    """The prepared `graph` with its layers in int8; softmax and what precedes layers stay float.

    `reduce_range` leaves weights 7 bits, so that no processor's sums overflow. Raises
    ConversionError where a range is missing.
    """
    from onnxruntime.quantization import (
        CalibrationMethod,
        QuantFormat,
        QuantType,
        TensorData,
        TensorsData,
        quantize_static,
        save_tensors_data,
    )

    data = {
        name: TensorData(lowest=np.array(low, np.float32), highest=np.array(high, np.float32))
        for name, (low, high) in ranges.items()
    }
    with tempfile.TemporaryDirectory(prefix="int8-") as folder:
        given, table, made = (Path(folder, name) for name in ("given.onnx", "ranges", "made.onnx"))
        onnx.save(graph, given)
        save_tensors_data(TensorsData(CalibrationMethod.MinMax, data), table)
        try:
            # It tells each channel whose bias needs a larger scale, hundreds of them.
            logging.disable(logging.INFO)
            quantize_static(
                given,
                made,
                None,
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=list(OPERATORS),
                per_channel=True,
                reduce_range=reduce_range,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                nodes_to_exclude=ends(graph.graph),
                calibrate_method=CalibrationMethod.MinMax,
                calibration_cache_path=table,
                # The scores go into softmax, which magnifies what rounding does to them.
                extra_options={"OpTypesToExcludeOutputQuantization": ["Gemm", "MatMul"]},
            )
        except ValueError as error:
            raise ConversionError(f"the graph can't be quantised: {error}") from error
        finally:
            logging.disable(logging.NOTSET)
        quantised = onnx.load(made)
    del quantised.metadata_props[:]
    return quantised
