"""Postings in a graph: the product of a few terms' weights and a sparse matrix."""

import numpy as np
import onnxruntime as ort
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper
from scipy.sparse import csr_matrix

from converters.faq.postings import BLOCK, add_postings, blocks
from converters.nodes import Nodes
from server.session import Probabilities

LENGTHS = (0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 0, 3 * BLOCK, 2, 0)
ENTRIES = 4 * BLOCK


def coefficients(lengths: tuple[int, ...] = LENGTHS, entries: int = ENTRIES) -> csr_matrix:
    """A term of every length of `lengths`."""
    rng = np.random.default_rng(0)
    dense = np.zeros((len(lengths), entries))
    for row, length in zip(dense, lengths, strict=True):
        drawn = rng.normal(1, 0.3, length).astype(np.float16)  # as `strongest` rounds them
        row[rng.choice(entries, length, replace=False)] = drawn
    return csr_matrix(dense)


def session(matrix: csr_matrix) -> ort.InferenceSession:
    nodes = Nodes("test.")
    nodes.add("Identity", add_postings(nodes, "indices", "weights", matrix), output="logits")
    graph = nodes.model(
        "postings",
        [
            helper.make_tensor_value_info("indices", TensorProto.INT64, ["N", "T"]),
            helper.make_tensor_value_info("weights", TensorProto.FLOAT, ["N", "T"]),
        ],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", matrix.shape[1]])],
    )
    return ort.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])


def assert_is_the_product(
    run: ort.InferenceSession, matrix: csr_matrix, indices: list[list[int]]
) -> None:
    """With weights at random; the index after the last term is padding."""
    places = np.array(indices, np.int64).reshape(len(indices), -1)
    weights = np.random.default_rng(1).normal(size=places.shape).astype(np.float32)
    weights[places == matrix.shape[0]] = 0
    found: Probabilities = run.run(None, {"indices": places, "weights": weights})[0]
    table = np.vstack([matrix.toarray(), np.zeros(matrix.shape[1])])
    expected = np.einsum("nt,nte->ne", weights, table[places])
    assert found.dtype == np.float32
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-5)


MATRIX = coefficients()
SESSION = session(MATRIX)


@pytest.mark.parametrize(
    "indices",
    [
        [[]],
        [[], [], []],
        [[0]],
        [[len(LENGTHS)] * 3],
        [[6]],
        [[0, 5, 8], [5, 8, 0]],
        [[0, 1, 2, 3, 4, 5, 6, 7, 8]],
        [[6, 9, 9], [9, 9, 9], [3, 4, 9], [8, 0, 9]],
    ],
)
def test_by_hand(indices: list[list[int]]) -> None:
    assert_is_the_product(SESSION, MATRIX, indices)


@given(st.data(), st.integers(1, 5), st.integers(0, 7))
def test_any_batch(data: st.DataObject, count: int, width: int) -> None:
    term = st.integers(0, len(LENGTHS))
    row = st.lists(term, min_size=width, max_size=width)
    rows = data.draw(st.lists(row, min_size=count, max_size=count))
    assert_is_the_product(SESSION, MATRIX, rows)


@pytest.mark.parametrize("lengths", [(0,), (1,), (0, 0, 0), (2, 2)])
def test_hardly_any_postings(lengths: tuple[int, ...]) -> None:
    matrix = coefficients(lengths, entries=2)
    terms = list(range(len(lengths)))
    assert_is_the_product(session(matrix), matrix, [[*terms, len(lengths)], [len(lengths), *terms]])


def test_blocks_hold_every_posting_once() -> None:
    entries, values, first, number = blocks(MATRIX)
    assert entries.shape == values.shape == (number.sum(), BLOCK)
    for term, length in enumerate(LENGTHS):
        part = slice(first[term], first[term] + number[term])
        assert number[term] == -(-length // BLOCK)
        kept = values[part].ravel()[:length]
        np.testing.assert_array_equal(entries[part].ravel()[:length], MATRIX[term].indices)
        np.testing.assert_array_equal(kept, MATRIX[term].data.astype(np.float32))
        assert not values[part].ravel()[length:].any()
    assert number[len(LENGTHS)] == 0
