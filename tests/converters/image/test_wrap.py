"""The served graph computes what the network does on normalised pixels, of every kind."""

from dataclasses import replace

import numpy as np
import onnx
import pytest

from converters.export import ConversionError
from converters.image.inputs import find_input
from converters.image.outputs import softmax
from converters.image.preprocessing import PRESETS, Preprocessing
from converters.image.wrap import opset, wrap
from tests.converters.image import nets

PICTURES = np.random.default_rng(0).integers(0, 256, (3, nets.SIDE, nets.SIDE, 3), dtype=np.uint8)


def _sized(name: str) -> Preprocessing:
    return replace(PRESETS[name], height=nets.SIDE, width=nets.SIDE)


def _wrapped(
    model: onnx.ModelProto, name: str = "torch", *, add_softmax: bool = True
) -> onnx.ModelProto:
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    found = wrap(copy, find_input(model.graph), _sized(name), nets.CLASSES, add_softmax)
    onnx.checker.check_model(found, full_check=True)
    return found


def _operators(model: onnx.ModelProto) -> list[str]:
    return [node.op_type for node in model.graph.node]


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
def test_every_preset_in_both_layouts(name: str, layout: str) -> None:
    model = nets.network(layout=layout)
    rows = _sized(name).apply(PICTURES)
    if layout == "nchw":
        rows = rows.transpose(0, 3, 1, 2)
    expected = softmax(nets.run(model, np.ascontiguousarray(rows)))
    found = nets.run(_wrapped(model, name), PICTURES)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


def test_what_the_server_sees() -> None:
    graph = _wrapped(nets.network()).graph
    (image,), (probabilities,) = graph.input, graph.output
    shapes = [
        [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in (image, probabilities)
    ]
    assert (image.name, probabilities.name) == ("image", "probabilities")
    assert shapes == [["N", nets.SIDE, nets.SIDE, 3], ["N", nets.CLASSES]]
    assert image.type.tensor_type.elem_type == onnx.TensorProto.UINT8


def test_no_step_is_taken_for_nothing() -> None:
    assert _operators(_wrapped(nets.network(), "none"))[:3] == ["Transpose", "Cast", "Conv"]
    assert _operators(_wrapped(nets.network(), "unit"))[:4] == [
        *("Transpose", "Cast", "Div", "Conv")
    ]
    same = {one.name: one for one in _wrapped(nets.network(), "tf").graph.initializer}
    assert list(same["rtscore.mean"].dims) == [1, 1, 1]


def test_a_network_that_turns_its_channels_first_is_given_them_so() -> None:
    operators = _operators(_wrapped(nets.network(layout="nhwc"), "caffe"))
    assert operators[:5] == ["Transpose", "Gather", "Cast", "Sub", "Conv"]


def test_one_that_does_not_gets_them_last() -> None:
    model = nets.network(layout="nhwc")
    model.graph.node.append(onnx.helper.make_node("Neg", ["x"], ["also"]))  # a second user
    operators = _operators(_wrapped(model, "caffe"))
    assert operators[:4] == ["Gather", "Cast", "Sub", "Transpose"]
    found = nets.run(_wrapped(model, "caffe"), PICTURES)
    expected = nets.run(_wrapped(nets.network(layout="nhwc"), "caffe"), PICTURES)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_probabilities_stay_as_they_are() -> None:
    model = nets.network("y = Softmax(s)")
    operators = _operators(_wrapped(model, add_softmax=False))
    assert operators.count("Softmax") == 1
    np.testing.assert_allclose(
        nets.run(_wrapped(model, add_softmax=False), PICTURES),
        nets.run(_wrapped(nets.network()), PICTURES),
        atol=1e-6,
    )


@pytest.mark.parametrize("number", [7, 11, 13, 17, 18, 21])
def test_older_operators_are_brought_up_and_newer_ones_stay(number: int) -> None:
    found = _wrapped(nets.network(opset=number))
    assert opset(found) == max(number, 18)
    assert found.ir_version >= 10
    expected = nets.run(_wrapped(nets.network()), PICTURES)
    np.testing.assert_allclose(nets.run(found, PICTURES), expected, atol=1e-5)


def test_a_fixed_batch_becomes_free() -> None:
    found = nets.run(_wrapped(nets.network(batch="1", shape=(1, 8))), PICTURES)
    expected = nets.run(_wrapped(nets.network()), PICTURES)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_half_precision_in_and_out_of_the_network() -> None:
    model = nets.network("h = Cast<to = 10>(s) y = Identity(h)", kind="float16")
    model.graph.output[0].type.tensor_type.elem_type = onnx.TensorProto.FLOAT16
    found = nets.run(_wrapped(model), PICTURES)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, nets.run(_wrapped(nets.network()), PICTURES), atol=0.02)


def test_a_network_of_bytes_is_given_bytes() -> None:
    model = nets.network(kind="uint8")
    assert _operators(_wrapped(model, "none"))[:3] == ["Transpose", "Cast", "Conv"]
    with pytest.raises(ConversionError, match=r"takes bytes, .* give --preprocessing none"):
        _wrapped(model, "torch")
    inner = _wrapped(nets.network(kind="uint8", layout="nhwc", batch="1"), "none")
    assert _operators(inner)[:2] == ["Identity", "Cast"]


def test_scores_at_one_place_of_a_map_are_flattened() -> None:
    model = nets.network("y = Unsqueeze(s, last)", output="5, 1, 1")
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array([2, 3], np.int64), "last"))
    found = nets.run(_wrapped(model), PICTURES)
    np.testing.assert_allclose(found, nets.run(_wrapped(nets.network()), PICTURES), atol=1e-6)


def test_names_that_are_taken_and_functions_are_no_trouble() -> None:
    model = onnx.parser.parse_model(
        f"""<ir_version: 8, opset_import: ["": 18, "local": 1]>
        net (float[N, 3, {nets.SIDE}, {nets.SIDE}] image) => (float[N, 3] probabilities) {{
            probabilities = local.mean(image)
        }}
        <opset_import: ["": 18], domain: "local">
        mean (a) => (c) {{ b = GlobalAveragePool(a) c = Flatten(b) }}"""
    )
    found = wrap(model, find_input(model.graph), _sized("unit"), 3, False)
    onnx.checker.check_model(found, full_check=True)
    np.testing.assert_allclose(
        nets.run(found, PICTURES), PICTURES.mean(axis=(1, 2)) / 255, rtol=1e-5
    )


def test_nothing_is_kept_of_where_it_was_exported() -> None:
    model = nets.network()
    model.graph.node[0].doc_string = "/home/somebody/model.py"
    model.graph.node[0].metadata_props.add(key="stack", value="/home/somebody/model.py")
    model.graph.initializer[0].doc_string = "/home/somebody/weights.pth"
    model.metadata_props.add(key="author", value="somebody")
    assert b"somebody" not in _wrapped(model).SerializeToString()


def test_operators_that_can_not_be_brought_up_are_named() -> None:
    model = nets.network("y = Nothing(s)", opset=12)
    with pytest.raises(ConversionError, match=r"graph of opset 12 can't be brought to 18 \("):
        wrap(model, find_input(model.graph), _sized("torch"), nets.CLASSES, True)
