"""A graph that is put together node by node."""

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from scipy.special import expit

from converters.sklearn.graph import OPSET, Graph, Imprecise


def run(graph: Graph, tensor: str, counts: list[float]) -> np.ndarray:
    model = graph.model(tensor, len(counts))
    onnx.checker.check_model(model, full_check=True)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    row = np.array([counts], np.float32)
    found: np.ndarray = session.run(None, {"indices": np.zeros((1, 1), np.int64), "counts": row})[0]
    return found


@pytest.mark.parametrize("exact", [True, False])
def test_inputs_and_output(exact: bool) -> None:
    graph = Graph(exact=exact)
    total = graph.add("Mul", graph.counts, graph.number(np.array([1.0, 2.0, 3.0])))
    model = graph.model(total, 3)
    shapes = {
        value.name: (
            value.type.tensor_type.elem_type,
            [size.dim_value for size in value.type.tensor_type.shape.dim],
        )
        for value in (*model.graph.input, *model.graph.output)
    }
    assert shapes == {
        "indices": (onnx.TensorProto.INT64, [0, 0]),
        "counts": (onnx.TensorProto.FLOAT, [0, 0]),
        "probabilities": (onnx.TensorProto.FLOAT, [0, 3]),
    }
    assert [(one.domain, one.version) for one in model.opset_import] == [("", OPSET)]
    np.testing.assert_array_equal(run(graph, total, [1, 1, 2]), [[1, 2, 6]])


def test_types_are_known() -> None:
    graph = Graph(exact=False)
    single = graph.add("Add", graph.counts, graph.number(1.0))
    assert graph.float(single) == single
    double = graph.add("Add", graph.double(single), graph.weight(np.float64(1e-12)))
    assert graph.double(double) == double
    flags = graph.add("Greater", double, graph.weight(np.float64(2)))
    np.testing.assert_array_equal(run(graph, graph.as_number(flags), [0.5, 1]), [[0, 1]])


def test_only_an_exact_graph_is_exact() -> None:
    Graph(exact=True).require_exact()
    with pytest.raises(Imprecise):
        Graph(exact=False).require_exact()


def test_the_logistic_function_keeps_its_digits() -> None:
    """Their ratio tells, which is what is left of them once they are made to sum to 1."""
    asked = [-600.0, -80.0, -40.0, 0.0, 5.0, 40.0, 800.0]
    graph = Graph(exact=False)
    scaled = graph.add("Log", graph.logistic(graph.counts))
    np.testing.assert_allclose(run(graph, scaled, asked)[0], np.log(expit(asked)), rtol=1e-6)
