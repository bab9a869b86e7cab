"""A network in TensorFlow as ONNX, by tf2onnx."""

from typing import Any

import onnx

from converters.export import ConversionError
from converters.keras.libraries import line

OPSET = 18  # the last that tf2onnx writes


def to_onnx(tensorflow: Any, function: Any) -> onnx.ModelProto:
    """The graph of a tf.function with one signature: input `image`, output `scores`.

    Raises ConversionError where an operator has no counterpart in ONNX.
    """
    from tf2onnx import tf_loader, tfonnx
    from tf2onnx.optimizer import TransposeOptimizer, optimize_graph

    traced = function.get_concrete_function()
    (taken,) = (one.name for one in traced.inputs if one.dtype != tensorflow.resource)
    (given,) = (one.name for one in traced.outputs)
    try:
        frozen = tf_loader.from_function(traced, [taken], [given])
        with tensorflow.Graph().as_default() as graph:
            tensorflow.import_graph_def(frozen, name="")
            del frozen  # the weights stand in it once more
            converted = tfonnx.process_tf_graph(
                graph,
                opset=OPSET,
                input_names=[taken],
                output_names=[given],
                tensors_to_rename={taken: "image", given: "scores"},
            )
    except Exception as error:  # what an operator's handler raises
        raise ConversionError(f"tf2onnx can't convert the network ({line(error)})") from error
    # The other optimisers cost three times the time and memory for what ONNX Runtime does at load;
    # catching their errors (the second argument) costs a copy of the graph for each.
    return optimize_graph(converted, False, {"t": TransposeOptimizer}).make_model("network")
