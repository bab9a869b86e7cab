"""Graphs put together: names, shared constants, operators' domains."""

import numpy as np
import onnx

from converters.encoder.pooling import graph_of
from converters.nodes import MICROSOFT, OPSET, PREFIX, Nodes


def _model() -> onnx.ModelProto:
    nodes = Nodes()
    floats = nodes.add("Cast", "tokens", to=onnx.TensorProto.FLOAT)
    doubled = nodes.add("Mul", floats, nodes.scalar(2))
    again = nodes.add("Mul", doubled, nodes.scalar(2))
    nodes.add("Gelu", again, domain=MICROSOFT, output="embedding")
    return graph_of(nodes, 7)


def test_every_name_is_unique_and_has_the_prefix() -> None:
    graph = _model().graph
    names = [node.name for node in graph.node] + [weight.name for weight in graph.initializer]
    values = [name for node in graph.node for name in node.output]
    assert len({*names, *values}) == len(names) + len(values)
    assert values[-1] == "embedding"
    assert all(name.startswith(PREFIX) for name in [*names, *values[:-1]])


def test_a_constant_is_stored_once_by_value_and_type() -> None:
    nodes = Nodes()
    assert nodes.scalar(2) == nodes.scalar(2)
    assert len({nodes.scalar(2), nodes.scalar(2, np.int64), nodes.scalar(3)}) == 3
    assert nodes.integers(1, 2) != nodes.integers(12)
    assert len(_model().graph.initializer) == 1


def test_a_scalar_has_no_shape_and_a_weight_keeps_its_own() -> None:
    nodes = Nodes()
    nodes.scalar(2)
    nodes.weight("matrix", np.arange(6, dtype=np.float32).reshape(2, 3).T)
    scalar, matrix = nodes.model("weights", [], []).graph.initializer
    assert list(scalar.dims) == []
    np.testing.assert_array_equal(onnx.numpy_helper.to_array(matrix), [[0, 3], [1, 4], [2, 5]])


def test_names_may_have_another_prefix_beside_those_that_are_taken_over() -> None:
    inner = _model().graph
    nodes = Nodes("outer.")
    nodes.keep(inner.node, inner.initializer)
    values, places = nodes.pair("TopK", "embedding", nodes.integers(2), largest=0)
    nodes.add("Gather", values, places, output="best")
    graph = nodes.model("outer", inner.input, []).graph
    assert [node.name for node in graph.node[: len(inner.node)]] == [one.name for one in inner.node]
    assert {values, places} == set(graph.node[-2].output)
    assert all(node.name.startswith("outer.") for node in graph.node[-2:])
    assert graph.node[-2].attribute[0].i == 0
    assert [one.name for one in graph.initializer] == [
        *(one.name for one in inner.initializer),
        "outer.const.[2]",
    ]


def test_the_model_names_the_domains_that_it_uses() -> None:
    model = _model()
    onnx.checker.check_model(model, full_check=True)
    assert {one.domain: one.version for one in model.opset_import} == {"": OPSET, MICROSOFT: 1}
    assert model.ir_version == 10
    assert [value.name for value in model.graph.input] == ["tokens"]
    assert model.graph.output[0].type.tensor_type.shape.dim[1].dim_value == 7


def test_other_domains_may_have_a_version() -> None:
    nodes = Nodes()
    nodes.add("Scaler", "rows", domain="ai.onnx.ml")
    versions = nodes.model("trees", [], [], {"ai.onnx.ml": 5}).opset_import
    assert {one.domain: one.version for one in versions} == {"": OPSET, "ai.onnx.ml": 5}
