"""A network in TensorFlow as ONNX, by tf2onnx."""

import gc
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

    traced = function.get_concrete_function()
    taken, given = traced.inputs[0].name, traced.outputs[0].name  # variables come after the picture
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
    model = _without_transposes(converted)
    del graph, converted
    gc.collect()  # tf2onnx's graphs hold each other, 2 GB for ResNet-152
    _refuse_unknown(model.graph)
    return model


def _without_transposes(converted: Any) -> onnx.ModelProto:
    """The graph with channels first throughout, where each convolution had been turned.

    tf2onnx's other optimisers cost three times the time and memory for what ONNX Runtime does when
    it loads the file.
    """
    from tf2onnx import optimizer

    wanted = {
        "optimize_transpose": optimizer.TransposeOptimizer,
        "remove_identity": optimizer.IdentityOptimizer,
        "remove_back_to_back": optimizer.BackToBackOptimizer,
    }
    # To catch their errors costs a copy of the graph for each.
    smaller = optimizer.optimize_graph(converted, catch_errors=False, optimizers=wanted)
    model: onnx.ModelProto = smaller.make_model("network")
    return model


def _refuse_unknown(graph: onnx.GraphProto) -> None:
    """tf2onnx leaves what it does not know as it is."""
    kinds = {node.op_type for node in graph.node if not node.domain}
    unknown = sorted(kind for kind in kinds if not onnx.defs.has(kind))
    if unknown:
        raise ConversionError(
            f"ONNX has no counterpart of TensorFlow's {', '.join(unknown)}: put other layers in "
            "place of those that use it"
        )
