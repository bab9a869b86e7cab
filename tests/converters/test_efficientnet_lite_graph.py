from collections.abc import Callable
from dataclasses import replace

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from converters.efficientnet_lite import VARIANTS, Variant
from converters.efficientnet_lite_graph import build
from converters.efficientnet_lite_reference import probabilities

MakeWeights = Callable[[Variant], dict[str, np.ndarray]]


# Even and odd sizes on the way down: both kinds of padding.
@pytest.mark.parametrize("size", [32, 36, 45])
@pytest.mark.parametrize("number", [0, 2])
def test_the_graph_is_the_network(made_weights: MakeWeights, number: int, size: int) -> None:
    variant = replace(VARIANTS[number], resolution=size)
    weights = made_weights(variant)
    graph = build(weights, variant)
    onnx.checker.check_model(graph, full_check=True)
    session = ort.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    images = np.random.default_rng(1).integers(0, 256, (3, size, size, 3), dtype=np.uint8)
    expected = probabilities(weights, variant, images)
    assert expected.std(axis=0).max() > 1e-3, "pictures that all look alike test nothing"
    np.testing.assert_allclose(session.run(None, {"image": images})[0], expected, atol=1e-5)


def test_it_takes_bytes_and_any_number_of_pictures(made_weights: MakeWeights) -> None:
    graph = build(made_weights(VARIANTS[0]), VARIANTS[0]).graph
    (image,), (output,) = graph.input, graph.output
    assert (image.name, output.name) == ("image", "probabilities")
    assert image.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    assert output.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    shapes = [[d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim] for v in
              (image, output)]  # fmt: skip
    assert shapes == [["N", 224, 224, 3], ["N", 1000]]


def test_every_node_has_a_name_and_batch_norm_is_in_the_convolutions(
    made_weights: MakeWeights,
) -> None:
    nodes = build(made_weights(VARIANTS[0]), VARIANTS[0]).graph.node
    assert len({node.name for node in nodes}) == len(nodes)
    assert all(node.name for node in nodes)
    operators = [node.op_type for node in nodes]
    assert "BatchNormalization" not in operators
    assert operators.count("Conv") == 49
    assert {"blocks.1.expand_conv", "blocks.1.expand_conv.relu6"} <= {node.name for node in nodes}
