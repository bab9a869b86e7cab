"""Features as a tensor."""

from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from sklearn.preprocessing import normalize

from converters.sklearn.graph import Graph, Imprecise
from converters.sklearn.rows import DenseRows

ROWS = np.array([[0.0, 0.0, 0.0], [1.0, -2.0, 0.5], [3.0, 0.0, -4.0]])


def made(exact: bool = True) -> DenseRows:
    graph = Graph(exact=exact)
    return DenseRows(graph, graph.counts, ROWS.shape[1])


def run(graph: Graph, tensor: str, width: int) -> Any:
    session = ort.InferenceSession(
        graph.model(tensor, width).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    feeds = {"indices": np.zeros((3, 1), np.int64), "counts": ROWS.astype(np.float32)}
    return session.run(None, feeds)[0]


@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
def test_normalized(norm: str) -> None:
    rows = made().normalized(norm)
    np.testing.assert_allclose(run(rows.graph, rows.tensor, 3), normalize(ROWS, norm), atol=1e-7)


def test_columns() -> None:
    rows = made().scaled(np.array([1.0, 2.0, 3.0])).shifted(np.array([0.0, 1.0, 0.0]))
    rows = rows.selected(np.array([2, 1]))
    assert rows.width == 2
    expected = (ROWS * [1, 2, 3] + [0, 1, 0])[:, [2, 1]]
    np.testing.assert_allclose(run(rows.graph, rows.tensor, 2), expected)


def test_binarized() -> None:
    rows = made().binarized(-1.0)
    np.testing.assert_array_equal(run(rows.graph, rows.tensor, 3), ROWS > -1)
    assert rows.dense() is rows


def test_projected() -> None:
    rows, matrix = made(), np.arange(6.0).reshape(3, 2)
    np.testing.assert_allclose(run(rows.graph, rows.projected(matrix), 2), ROWS @ matrix)
    with pytest.raises(Imprecise):
        made(exact=False).projected(matrix)
