"""The FAQ model as an ONNX graph, whose cost follows the terms of a question, not the vocabulary.

Converting a whole scikit-learn pipeline makes TF-IDF dense. Here the weights of the few terms that
a question has are gathered: rows of a dense table or, of many entries, the lists of those entries
that a term speaks for.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper
from scipy.sparse import csr_matrix

from converters.export import ConversionError
from converters.faq import semantic
from converters.faq.chances import add_probabilities
from converters.faq.model import Array, FaqClassifier, Meaning
from converters.faq.postings import add_postings
from converters.nodes import Nodes


def to_onnx(model: FaqClassifier) -> onnx.ModelProto:
    """The graph: `indices` int64 [N, T], `counts` float32 [N, T] to `probabilities` [N, entries].

    Padding is the index after the last term with the count 0. With an encoder, `tokens` int64
    [N, S] come third, padded by -1. Raises ConversionError for another norm than "l2", and for
    terms without idf.
    """
    tfidf = model.pipeline[1]
    if tfidf.norm != "l2" or not tfidf.use_idf:
        raise ConversionError(
            f"TF-IDF with norm={tfidf.norm!r} and use_idf={tfidf.use_idf} can't be converted; "
            "use norm='l2' and use_idf=True"
        )
    nodes = Nodes("faq.")
    entries = len(model.intercepts)
    logits = _lexical(nodes, model)
    inputs = [
        helper.make_tensor_value_info("indices", TensorProto.INT64, ["N", "T"]),
        helper.make_tensor_value_info("counts", TensorProto.FLOAT, ["N", "T"]),
    ]
    if model.meaning is not None:
        logits = _with_meaning(nodes, logits, model.meaning)
        inputs.append(helper.make_tensor_value_info("tokens", TensorProto.INT64, ["N", "S"]))
    add_probabilities(nodes, logits, entries, model.calibration)
    output = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", entries])
    return nodes.model("faq", inputs, [output])


def _lexical(nodes: Nodes, model: FaqClassifier) -> str:
    """Logits [N, entries] of the terms."""
    coefficients = model.coefficients
    weights = _weights(nodes, model)
    if isinstance(coefficients, csr_matrix):
        summed = add_postings(nodes, "indices", weights, coefficients)
    else:
        summed = _add_rows(nodes, weights, coefficients)
    return nodes.add("Add", summed, nodes.weight("intercepts", model.intercepts.astype(np.float32)))


def _add_rows(nodes: Nodes, weights: str, coefficients: Array) -> str:
    """The sum [N, entries] of the terms' rows of a table [terms, entries] by their weights."""
    table = nodes.weight("coefficients", np.pad(coefficients, ((0, 1), (0, 0))).astype(np.float32))
    row = nodes.add("Unsqueeze", weights, nodes.integers(1))  # [N, 1, T]
    product = nodes.add("MatMul", row, nodes.add("Gather", table, "indices"))  # [N, 1, entries]
    return nodes.add("Squeeze", product, nodes.integers(1))


def _weights(nodes: Nodes, model: FaqClassifier) -> str:
    """TF-IDF weights [N, T] of the terms, rows of length 1, or 0 without a known term."""
    frequency = "counts"
    if model.pipeline[1].sublinear_tf:  # 1 + log(count), and 0 for a count of 0
        one = nodes.scalar(1.0)
        logarithm = nodes.add("Log", nodes.add("Max", "counts", one))
        frequency = nodes.add("Add", logarithm, nodes.add("Min", "counts", one))
    idf = nodes.weight("idf", np.append(model.idf, 0).astype(np.float32))
    weighted = nodes.add("Mul", frequency, nodes.add("Gather", idf, "indices"))
    length = nodes.add("ReduceL2", weighted, nodes.integers(1), keepdims=1)
    return nodes.add("Div", weighted, nodes.add("Max", length, nodes.scalar(1e-30)))


def _with_meaning(nodes: Nodes, lexical: str, meaning: Meaning) -> str:
    """The sum of the encoder's logits and of `lexical` ones by their weight."""
    graph = meaning.embedded.encoder.graph.graph
    nodes.keep(graph.node, graph.initializer)
    known = np.ascontiguousarray(meaning.semantic.known.T)
    cosine = nodes.add("MatMul", "embedding", nodes.weight("known", known))
    gamma = nodes.scalar(semantic.GAMMA)
    alike = nodes.add("Exp", nodes.add("Mul", nodes.add("Sub", cosine, nodes.scalar(1.0)), gamma))
    if meaning.semantic.dual is not None:
        alike = nodes.add("MatMul", alike, nodes.weight("dual", meaning.semantic.dual))
    return nodes.add("Add", alike, nodes.add("Mul", lexical, nodes.scalar(meaning.lexical)))
