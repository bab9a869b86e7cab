"""The classic recipe's model as ONNX: one question after the other, in pairs with every entry.

Only features that a tree asks about are made, and a `Scan` over the questions bounds the memory: a
batch of any size needs 16 bytes for each entry and such feature.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from converters.faq.chances import add_probabilities
from converters.faq.pairs_model import PairClassifier
from converters.faq.trees import Trees, flatten
from converters.nodes import Nodes

ML_OPSET = 5

_Nodes = list[onnx.NodeProto]
_Constants = dict[str, npt.NDArray[Any]]


def to_onnx(model: PairClassifier) -> onnx.ModelProto:
    """The graph: `indices` int64 [N, T], `counts` float32 [N, T] to `probabilities` [N, entries].

    Padding is the index after the last term with the count 0.
    """
    pairs = model.model
    terms, (entries, _) = len(pairs.vocabulary.terms), pairs.known.shape
    trees = flatten(pairs.booster, pairs.trees)
    used = np.unique(trees.features)
    asked, known = used[used < terms], used[used >= terms] - terms
    constants = _tables(pairs.asked[1].idf_, asked) | {
        "known": pairs.known[:, known].toarray().astype(np.float32)
    }
    # A column of the terms that no tree asks about stands between the question's and the entry's.
    columns = np.searchsorted(used, trees.features)
    columns += trees.features >= terms
    nodes = [
        *_features(),
        helper.make_node(
            "Scan",
            ["features"],
            ["margins"],
            num_scan_inputs=1,
            body=_body(trees, columns, len(asked) + 1, entries),
        ),
    ]
    made = Nodes("faq.")
    made.keep(nodes, _initializers(constants))
    add_probabilities(made, "margins", entries, model.calibration)
    return made.model(
        "faq",
        [
            helper.make_tensor_value_info("indices", TensorProto.INT64, [None, None]),
            helper.make_tensor_value_info("counts", TensorProto.FLOAT, [None, None]),
        ],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, entries])],
        {"ai.onnx.ml": ML_OPSET},
    )


def _tables(idf: npt.NDArray[np.float64], asked: npt.NDArray[np.int64]) -> _Constants:
    """For each term, and for padding, its weight and its column among the features."""
    columns = np.full(len(idf) + 1, len(asked), np.int64)
    columns[asked] = np.arange(len(asked))
    return {
        "idf": np.append(idf, 0.0),
        "columns": columns,
        "width": np.array([len(asked) + 1], np.int64),
        "one_axis": np.array([1], np.int64),
        "least_norm": np.array([1e-300]),
    }


def _features() -> _Nodes:
    """TF-IDF in float64, as the source has it, then float32 [N, width]."""
    return [
        helper.make_node("Cast", ["counts"], ["frequencies"], to=TensorProto.DOUBLE),
        helper.make_node("Gather", ["idf", "indices"], ["weights"]),
        helper.make_node("Mul", ["frequencies", "weights"], ["weighted"]),
        helper.make_node("ReduceL2", ["weighted", "one_axis"], ["length"], keepdims=1),
        helper.make_node("Max", ["length", "least_norm"], ["norm"]),
        helper.make_node("Div", ["weighted", "norm"], ["exact"]),
        helper.make_node("Cast", ["exact"], ["values"], to=TensorProto.FLOAT),
        helper.make_node("Gather", ["columns", "indices"], ["places"]),
        helper.make_node("Shape", ["indices"], ["rows"], start=0, end=1),
        helper.make_node("Concat", ["rows", "width"], ["shape"], axis=0),
        helper.make_node("ConstantOfShape", ["shape"], ["empty"]),
        helper.make_node(
            "ScatterElements", ["empty", "places", "values"], ["features"], axis=1, reduction="add"
        ),
    ]


def _body(
    trees: Trees, columns: npt.NDArray[np.int64], width: int, entries: int
) -> onnx.GraphProto:
    """One question's features [width] to its margins with every entry, float64 [entries]."""
    constants = {
        "pair_shape": np.array([entries, width], np.int64),
        "flat": np.array([-1], np.int64),
    }
    nodes = [
        helper.make_node("Expand", ["question", "pair_shape"], ["repeated"]),
        helper.make_node("Concat", ["repeated", "known"], ["pairs"], axis=1),
        helper.make_node("Cast", ["pairs"], ["pairs_exact"], to=TensorProto.DOUBLE),
        trees.node(columns, "pairs_exact", "sums"),
        helper.make_node("Reshape", ["sums", "flat"], ["margin"]),
    ]
    return helper.make_graph(
        nodes,
        "pairs",
        [helper.make_tensor_value_info("question", TensorProto.FLOAT, [width])],
        [helper.make_tensor_value_info("margin", TensorProto.DOUBLE, [entries])],
        initializer=_initializers(constants),
    )


def _initializers(constants: _Constants) -> list[TensorProto]:
    return [numpy_helper.from_array(value, name) for name, value in constants.items()]
