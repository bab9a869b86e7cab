"""Logits of many entries: the lists of entries that a question's terms speak for, summed up."""

import numpy as np
import numpy.typing as npt
from onnx import TensorProto, numpy_helper
from scipy.sparse import csr_matrix

from converters.nodes import Nodes

BLOCK = 16  # postings that are gathered at once; the last ones of a term are filled up with zeros


def add_postings(nodes: Nodes, indices: str, weights: str, coefficients: csr_matrix) -> str:
    """Logits float32 [N, entries]: `weights` [N, T] times the rows `indices` of `coefficients`.

    `coefficients` are [terms, entries]. The index after the last term has none.
    """
    entries, values, first, number = blocks(coefficients)
    flat = nodes.integers(-1)
    terms = nodes.add("Reshape", indices, flat)
    lengths = nodes.add("Gather", nodes.weight("postings.number", number), terms)
    owner, within = _spread(nodes, lengths)
    start = nodes.add("Gather", nodes.weight("postings.first", first), terms)
    block = nodes.add("Add", nodes.add("Gather", start, owner), within)
    weight = nodes.add("Gather", nodes.add("Reshape", weights, flat), owner)
    half = nodes.add("Gather", nodes.weight("postings.values", values), block)
    value = nodes.add(
        "Mul", nodes.add("Cast", half, to=TensorProto.FLOAT), nodes.add("Unsqueeze", weight, flat)
    )
    shape = nodes.add("Shape", indices)
    # Without a known term there is nothing to divide, but ONNX Runtime divides by 0 all the same.
    terms_a_row = nodes.add("Max", _element(nodes, shape, 1), nodes.integers(1))
    row = nodes.add("Div", owner, terms_a_row)
    offset = nodes.add(
        "Cast",
        nodes.add("Mul", row, nodes.integers(coefficients.shape[1])),
        to=TensorProto.INT32,
    )
    place = nodes.add(
        "Add",
        nodes.add("Gather", nodes.weight("postings.entries", entries), block),
        nodes.add("Unsqueeze", offset, flat),
    )
    rows = _element(nodes, shape, 0)
    size = nodes.add("Mul", rows, nodes.integers(coefficients.shape[1]))
    zero = numpy_helper.from_array(np.zeros(1, np.float32))
    sums = nodes.add(
        "ScatterElements",
        nodes.add("ConstantOfShape", size, value=zero),
        nodes.add("Reshape", place, flat),
        nodes.add("Reshape", value, flat),
        axis=0,
        reduction="add",
    )
    wide = nodes.add("Concat", rows, nodes.integers(coefficients.shape[1]), axis=0)
    return nodes.add("Reshape", sums, wide)


def blocks(
    coefficients: csr_matrix,
) -> tuple[
    npt.NDArray[np.int32], npt.NDArray[np.float16], npt.NDArray[np.int64], npt.NDArray[np.int64]
]:
    """Rows of `coefficients` cut into blocks: entries and values [blocks, BLOCK], and each term's.

    The last two say where a term's blocks begin and how many they are, [terms + 1]: padding has 0.
    """
    lengths = np.diff(coefficients.indptr)
    number = np.append(-(-lengths // BLOCK), 0).astype(np.int64)
    first = np.cumsum(number) - number
    entries = np.zeros((int(number.sum()), BLOCK), np.int32)
    values = np.zeros(entries.shape, np.float16)  # as `strongest` has rounded them
    within = np.arange(coefficients.nnz) - np.repeat(coefficients.indptr[:-1], lengths)
    places = np.repeat(first[:-1] * BLOCK, lengths) + within
    entries.reshape(-1)[places] = coefficients.indices
    values.reshape(-1)[places] = coefficients.data
    return entries, values, first, number


def _spread(nodes: Nodes, lengths: str) -> tuple[str, str]:
    """For each of sum(lengths) items: which of `lengths` it belongs to, and its place there."""
    ends = nodes.add("CumSum", lengths, nodes.scalar(0, np.int64))
    starts = nodes.add("Sub", ends, lengths)
    total = nodes.add("ReduceSum", lengths, keepdims=0)
    items = nodes.add("Range", nodes.scalar(0, np.int64), total, nodes.scalar(1, np.int64))
    # A mark where each begins; empty ones mark the same place as the next, which counts them too.
    one = numpy_helper.from_array(np.ones(1, np.int64))
    room = nodes.add("Add", nodes.add("Reshape", total, nodes.integers(1)), nodes.integers(1))
    none = numpy_helper.from_array(np.zeros(1, np.int64))
    marks = nodes.add(
        "ScatterElements",
        nodes.add("ConstantOfShape", room, value=none),
        starts,
        nodes.add("ConstantOfShape", nodes.add("Shape", starts), value=one),
        axis=0,
        reduction="add",
    )
    counted = nodes.add("CumSum", marks, nodes.scalar(0, np.int64))
    begun = nodes.add("Slice", counted, nodes.integers(0), nodes.integers(-1), nodes.integers(0))
    owner = nodes.add("Sub", begun, nodes.integers(1))
    return owner, nodes.add("Sub", items, nodes.add("Gather", starts, owner))


def _element(nodes: Nodes, vector: str, place: int) -> str:
    """One element of a vector, as a vector of one."""
    return nodes.add("Gather", vector, nodes.integers(place))
