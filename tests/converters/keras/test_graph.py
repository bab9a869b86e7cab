from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from converters.export import ConversionError
from converters.keras.graph import OPSET, to_onnx
from converters.keras.libraries import Libraries
from converters.keras.traced import trace
from tests.converters.keras.networks import SIZE, tiny


def graph_of(loaded: Libraries, network: Any) -> onnx.ModelProto:
    shape, dtype = [None, SIZE, SIZE, 3], loaded.tensorflow.float32
    traced = trace(loaded.tensorflow, network, shape, dtype, layout=None, size=None)
    return to_onnx(loaded.tensorflow, traced.function)


def test_it_computes_what_the_network_does(loaded: Libraries) -> None:
    model = tiny(loaded.keras)
    graph = graph_of(loaded, lambda pictures: model(pictures, training=False))
    onnx.checker.check_model(graph, full_check=True)
    assert [(one.domain, one.version) for one in graph.opset_import if not one.domain] == [
        ("", OPSET)
    ]
    session = ort.InferenceSession(graph.SerializeToString())
    pictures = np.random.default_rng(0).normal(size=(3, SIZE, SIZE, 3)).astype(np.float32)
    (scores,) = session.run(["scores"], {"image": pictures})
    np.testing.assert_allclose(scores, model(pictures), rtol=0, atol=1e-6)


def test_each_layer_is_not_transposed_by_itself(loaded: Libraries) -> None:
    convolution = loaded.keras.layers.Conv2D(3, 3, padding="same", activation="relu")
    model = tiny(loaded.keras, convolution, loaded.keras.layers.MaxPooling2D())
    graph = graph_of(loaded, lambda pictures: model(pictures, training=False))
    operators = [node.op_type for node in graph.graph.node]
    assert operators.count("Conv") == 2
    assert operators.count("Transpose") == 2  # the picture, and what is pooled
    assert "Identity" not in operators


def test_an_operator_without_a_counterpart_is_named(loaded: Libraries) -> None:
    def network(pictures: Any) -> Any:
        return loaded.tensorflow.linalg.svd(pictures[:, :, :, 0], compute_uv=False)

    with pytest.raises(ConversionError, match=r"no counterpart of TensorFlow's Svd:"):
        graph_of(loaded, network)
