"""Features as the few terms that a text has."""

from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import BernoulliNB, MultinomialNB
from sklearn.pipeline import make_union

from converters.sklearn.graph import Graph, Imprecise
from converters.sklearn.sparse import SparseRows, joined
from tests.converters.sklearn.agreement import Converted, fitted

COUNTS = np.array([[2.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]], np.float32)
INDICES = np.array([[2, 0, 3], [1, 3, 3], [3, 3, 3]])
DENSE = np.array([[1.0, 0.0, 2.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]])


def made(exact: bool = True) -> SparseRows:
    graph = Graph(exact=exact)
    return SparseRows(graph, "indices", graph.counts, np.arange(3), 3, counts=True)


def run(graph: Graph, tensor: str, width: int) -> Any:
    session = ort.InferenceSession(
        graph.model(tensor, width).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"indices": INDICES, "counts": COUNTS})[0]


def test_dense() -> None:
    rows = made()
    np.testing.assert_array_equal(run(rows.graph, rows.dense().tensor, 3), DENSE)


def test_what_works_on_columns_waits_for_the_matrix() -> None:
    rows = made().scaled(np.array([1.0, 2.0, 3.0])).selected(np.array([2, 0]))
    assert (rows.values, rows.width) == ("cast_0", 2)  # the counts themselves
    matrix = np.array([[1.0, 10.0], [100.0, 1000.0]])
    expected = (DENSE * [1, 2, 3])[:, [2, 0]] @ matrix
    np.testing.assert_allclose(run(rows.graph, rows.projected(matrix), 2), expected)
    rows = made().scaled(np.array([1.0, 2.0, 3.0])).selected(np.array([2, 0]))
    np.testing.assert_allclose(
        run(rows.graph, rows.dense().tensor, 2), (DENSE * [1, 2, 3])[:, [2, 0]]
    )


def test_joined() -> None:
    graph = Graph(exact=True)
    first = SparseRows(graph, "indices", graph.counts, np.arange(3), 3)
    rows = joined([first.selected(np.array([1, 2])), first.scaled(np.array([5.0, 6.0, 7.0]))])
    expected = np.hstack([DENSE[:, [1, 2]], DENSE * [5, 6, 7]])
    assert isinstance(rows, SparseRows)
    np.testing.assert_allclose(run(graph, rows.dense().tensor, 5), expected)
    mixed = joined([rows, first.dense()])
    assert mixed.width == 8
    tensor = mixed.selected(np.array([0, 7])).dense().tensor
    np.testing.assert_allclose(run(graph, tensor, 2), np.hstack([expected, DENSE])[:, [0, 7]])


def test_products_in_float32_must_be_close_enough() -> None:
    rows, small = made(exact=False), np.ones((3, 2))
    with pytest.raises(Imprecise):
        rows.projected(small)
    rows.normalized("l2").projected(small)
    with pytest.raises(Imprecise):
        rows.normalized("l2").projected(small * 51)
    with pytest.raises(Imprecise):
        rows.normalized("l2").scaled(np.ones(3)).projected(small)


@pytest.mark.parametrize(
    "steps",
    [
        (TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression()),
        (CountVectorizer(ngram_range=(1, 2)), MultinomialNB()),
        (TfidfVectorizer(ngram_range=(1, 2)), SGDClassifier(loss="modified_huber")),
        (TfidfVectorizer(ngram_range=(1, 2)), BernoulliNB()),
        (
            make_union(
                TfidfVectorizer(ngram_range=(1, 2)), CountVectorizer(ngram_range=(1, 2), min_df=2)
            ),
            LogisticRegression(),
        ),
    ],
    ids=lambda steps: ", ".join(map(str, steps)),
)
def test_no_tensor_is_as_wide_as_the_vocabulary(steps: tuple[Any, ...]) -> None:
    converted = Converted(fitted(*steps))
    watched = onnx.ModelProto()
    watched.CopyFrom(converted.graph)
    inferred = onnx.shape_inference.infer_shapes(converted.graph).graph.value_info
    watched.graph.output.extend(inferred)
    names = {name for node in watched.graph.node for name in node.output}
    assert names == {value.name for value in watched.graph.output}
    session = ort.InferenceSession(watched.SerializeToString(), providers=["CPUExecutionProvider"])
    contract = converted.contract
    texts = ["how to loop over an array in javascript", "javascript closure"]
    feeds = contract.feeds([contract.encode(text) for text in texts])
    widest = max(max(value.shape, default=0) for value in session.run(None, feeds))
    assert widest <= 2 * feeds["indices"].shape[1] < 100 < len(contract.vocabulary.terms)
