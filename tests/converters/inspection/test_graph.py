import ml_dtypes
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from converters.inspection.graph import Parameters, Value, describe
from tests import tiny


def model(nodes: list[onnx.NodeProto], constants: list[TensorProto]) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", None, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def test_a_tiny_model() -> None:
    found = describe(tiny.image_graph())
    assert (found.ir_version, found.opsets) == (10, {"ai.onnx": 18})
    assert found.inputs == (Value("image", "uint8", ("N", 4, 4, 3)),)
    assert found.outputs == (Value("probabilities", "float32", ("N", 2)),)
    assert found.operators == {"Cast": 1, "Div": 1, "MatMul": 1, "ReduceMean": 1, "Softmax": 1}
    assert found.parameters == {"float32": Parameters(7, 28), "int64": Parameters(2, 16)}
    assert found.external_files == ()


def test_the_most_frequent_operator_comes_first() -> None:
    nodes = [
        helper.make_node("Relu", ["x"], ["a"]),
        helper.make_node("QGemm", ["a"], ["b"], domain="com.microsoft"),
        helper.make_node("Relu", ["b"], ["y"]),
    ]
    assert list(describe(model(nodes, [])).operators.items()) == [
        ("Relu", 2),
        ("com.microsoft.QGemm", 1),
    ]


def test_shapes_that_are_free_or_unknown() -> None:
    found = describe(model([helper.make_node("Relu", ["x"], ["y"])], []))
    assert found.inputs == (Value("x", "float32", ("N", None, 3)),)
    assert found.outputs == (Value("y", "float32", None),)


def test_what_is_inside_of_nodes_and_functions_counts() -> None:
    body = helper.make_graph(
        [helper.make_node("Add", ["x", "w"], ["inner"])],
        "body",
        [],
        [helper.make_tensor_value_info("inner", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.zeros(5, np.float32), "w")],
    )
    nodes = [
        helper.make_node("Constant", [], ["c"], value=helper.make_tensor("c", 9, [1], [True])),
        helper.make_node("If", ["c"], ["y"], then_branch=body, else_branch=body),
    ]
    made = model(nodes, [])
    made.functions.append(
        helper.make_function(
            "own", "Twice", ["a"], ["b"], [helper.make_node("Add", ["a", "a"], ["b"])], []
        )
    )
    found = describe(made)
    assert found.operators == {"Add": 3, "Constant": 1, "If": 1}
    assert found.parameters == {"float32": Parameters(10, 40), "bool": Parameters(1, 1)}


@pytest.mark.parametrize(
    ("dtype", "name", "size"),
    [(np.int8, "int8", 6), (np.float16, "float16", 12), (ml_dtypes.bfloat16, "bfloat16", 12),
     (ml_dtypes.int4, "int4", 3)],
)  # fmt: skip
def test_bytes_by_type(dtype: type, name: str, size: int) -> None:
    weights = numpy_helper.from_array(np.zeros((2, 3)).astype(dtype), "w")
    node = helper.make_node("Add", ["x", "w"], ["y"])
    assert describe(model([node], [weights])).parameters == {name: Parameters(6, size)}


def test_texts_and_what_lies_outside() -> None:
    texts = TensorProto(
        name="t", dims=[2], data_type=TensorProto.STRING, string_data=[b"one", b"three"]
    )
    outside = TensorProto(
        name="w", dims=[10, 10], data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL
    )
    outside.external_data.add(key="location", value="weights.bin")
    found = describe(model([helper.make_node("Add", ["x", "w"], ["y"])], [texts, outside]))
    assert found.parameters == {"float32": Parameters(100, 400), "string": Parameters(2, 8)}
    assert found.external_files == ("weights.bin",)


def test_parameters_among_the_inputs_are_no_inputs() -> None:
    made = model(
        [helper.make_node("Add", ["x", "w"], ["y"])],
        [numpy_helper.from_array(np.zeros(3, np.float32), "w")],
    )
    made.graph.input.append(helper.make_tensor_value_info("w", TensorProto.FLOAT, [3]))
    assert [value.name for value in describe(made).inputs] == ["x"]


def test_inputs_that_are_no_tensors() -> None:
    made = model([helper.make_node("Relu", ["x"], ["y"])], [])
    made.graph.input.append(
        helper.make_value_info(
            "s", helper.make_sequence_type_proto(helper.make_tensor_type_proto(1, None))
        )
    )
    made.graph.input.append(onnx.ValueInfoProto(name="n"))
    assert describe(made).inputs[1:] == (Value("s", "sequence", None), Value("n", "?", None))


def test_a_type_that_nobody_knows_yet() -> None:
    unknown = TensorProto(name="w", dims=[4], data_type=99, raw_data=b"12345")
    found = describe(model([helper.make_node("Add", ["x", "w"], ["y"])], [unknown]))
    assert found.parameters == {"type 99": Parameters(4, 5)}
