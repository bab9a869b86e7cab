import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from converters.quantization.fp16 import to_fp16
from converters.quantization.prepare import prepared
from converters.quantization.runner import Runner
from converters.sample_pictures import sample_pictures
from tests.converters.quantization import small


def test_weights_are_halved_and_inputs_and_outputs_are_kept() -> None:
    graph = to_fp16(prepared(small.graph()))
    onnx.checker.check_model(graph, full_check=True)
    types = {value.data_type for value in graph.graph.initializer if len(value.dims) > 1}
    assert types == {TensorProto.FLOAT16}
    (image,), (output,) = graph.graph.input, graph.graph.output
    assert image.type.tensor_type.elem_type == TensorProto.UINT8
    assert output.type.tensor_type.elem_type == TensorProto.FLOAT
    assert not graph.metadata_props


def test_it_computes_nearly_the_same() -> None:
    batch = sample_pictures(small.SIDE)
    graph = to_fp16(prepared(small.graph()))
    actual = Runner(graph, optimised=True).run(batch)
    expected = Runner(small.graph(), optimised=True).run(batch)
    np.testing.assert_allclose(actual, expected, atol=5e-3)
    assert np.abs(actual - expected).max() > 0


def test_weights_that_fp16_can_not_hold_are_cut_to_what_it_can() -> None:
    graph = small.graph()
    (weight,) = (one for one in graph.graph.initializer if one.name == "scores.bias")
    weight.CopyFrom(numpy_helper.from_array(np.full(3, 1e6, np.float32), "scores.bias"))
    made = to_fp16(prepared(graph))
    (bias,) = (one for one in made.graph.initializer if one.name == "scores.bias")
    assert numpy_helper.to_array(bias).max() == np.finfo(np.float16).max
