"""Tiny model files for tests: real ONNX graphs, a few hundred bytes each."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from server.contract import (
    CONTRACT_KEY,
    Entry,
    FaqContract,
    ImageContract,
    Label,
    Provenance,
)
from server.modelfile import DIGEST_KEY, NO_DIGEST, seal
from server.subwords import Subwords
from server.tokenizer import Tokenizer, Vocabulary

PROVENANCE = Provenance(source="test", created=datetime(2026, 1, 1, tzinfo=UTC))
TERMS = ("array", "compare", "date", "sort", "string")
SIDE = 4
# Words for an encoder, each a token: 0 is any other.
WORDS = ("[UNK]", *TERMS, "an")
SUBWORDS = Subwords(
    tokenizer=json.dumps(
        {
            "version": "1.0",
            "added_tokens": [],
            "normalizer": {"type": "Lowercase"},
            "pre_tokenizer": {"type": "Whitespace"},
            "post_processor": None,
            "decoder": None,
            "model": {
                "type": "WordLevel",
                "vocab": {word: number for number, word in enumerate(WORDS)},
                "unk_token": "[UNK]",
            },
        }
    ),
    max_tokens=12,
)


def faq_contract(**changes: Any) -> FaqContract:
    """Three entries and five terms; `changes` replace fields."""
    fields: dict[str, Any] = {
        "vocabulary": Vocabulary(tokenizer=Tokenizer(), terms=TERMS),
        "entries": (
            Entry(id="sort", question="How do I sort an array?", answer="`values.sort()`"),
            Entry(id="date", question="How do I compare dates?", answer="With `<`."),
            Entry(id="string", question="How do I compare strings?"),
        ),
        "threshold": 0.5,
        "provenance": PROVENANCE,
    }
    return FaqContract(**(fields | changes))


def image_contract(**changes: Any) -> ImageContract:
    """Two classes; `changes` replace fields."""
    fields: dict[str, Any] = {
        "height": SIDE,
        "width": SIDE,
        "crop": 1.0,
        "labels": (Label(id="n0", label="dark"), Label(id="n1", label="bright")),
        "provenance": PROVENANCE,
    }
    return ImageContract(**(fields | changes))


def faq_graph(outputs: int = 3, terms: int = len(TERMS)) -> onnx.ModelProto:
    """softmax(sum over terms of count * weights[index]); the padding's weights are zeros."""
    weights = np.zeros((terms + 1, outputs), np.float32)
    weights[np.arange(terms), np.arange(terms) % outputs] = 2.0
    return _model(
        [
            helper.make_node("Gather", ["weights", "indices"], ["rows"]),
            helper.make_node("Unsqueeze", ["counts", "last"], ["column"]),
            helper.make_node("Mul", ["rows", "column"], ["weighted"]),
            helper.make_node("ReduceSum", ["weighted", "second"], ["scores"], keepdims=0),
            helper.make_node("Softmax", ["scores"], ["probabilities"]),
        ],
        inputs=[
            helper.make_tensor_value_info("indices", TensorProto.INT64, ["N", "T"]),
            helper.make_tensor_value_info("counts", TensorProto.FLOAT, ["N", "T"]),
        ],
        shape=["N", outputs],
        constants={"weights": weights, "last": np.array([2]), "second": np.array([1])},
    )


def encoder_graph(outputs: int = 3) -> onnx.ModelProto:
    """As `faq_graph`, with 2 added to the second score for each token "date"."""
    graph = faq_graph(outputs)
    nodes = [
        helper.make_node("Equal", ["tokens", "date"], ["said"]),
        helper.make_node("Cast", ["said"], ["counted"], to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["counted", "tokens_axis"], ["times"], keepdims=1),
        helper.make_node("Mul", ["times", "second_entry"], ["meant"]),
        helper.make_node("Add", ["scores", "meant"], ["summed"]),
        helper.make_node("Softmax", ["summed"], ["probabilities"]),
    ]
    del graph.graph.node[-1]
    graph.graph.node.extend(nodes)
    graph.graph.input.append(helper.make_tensor_value_info("tokens", TensorProto.INT64, ["N", "S"]))
    second = np.zeros(outputs, np.float32)
    second[1] = 2
    constants = {
        "date": np.array(WORDS.index("date")),
        "tokens_axis": np.array([1]),
        "second_entry": second,
    }
    graph.graph.initializer.extend(
        numpy_helper.from_array(value, name) for name, value in constants.items()
    )
    return graph


def image_graph(outputs: int = 2, side: int = SIDE, name: str = "image") -> onnx.ModelProto:
    """softmax(mean colour in 0 to 1 times weights): the brighter, the more the last class."""
    weights = np.linspace(0, 2, 3 * outputs, dtype=np.float32).reshape(3, outputs)
    return _model(
        [
            helper.make_node("Cast", [name], ["float"], to=TensorProto.FLOAT),
            helper.make_node("Div", ["float", "most"], ["scaled"]),
            helper.make_node("ReduceMean", ["scaled", "places"], ["mean"], keepdims=0),
            helper.make_node("MatMul", ["mean", "weights"], ["scores"]),
            helper.make_node("Softmax", ["scores"], ["probabilities"]),
        ],
        inputs=[helper.make_tensor_value_info(name, TensorProto.UINT8, ["N", side, side, 3])],
        shape=["N", outputs],
        constants={
            "weights": weights,
            "most": np.float32(255),
            "places": np.array([1, 2]),
        },
    )


def stamped(graph: onnx.ModelProto, contract: FaqContract | ImageContract | str) -> bytes:
    """The file of `graph` with its contract (or any text in its place), sealed."""
    text = contract if isinstance(contract, str) else contract.model_dump_json()
    graph.metadata_props.add(key=CONTRACT_KEY, value=text)
    graph.metadata_props.add(key=DIGEST_KEY, value=NO_DIGEST)
    return seal(graph.SerializeToString())


def write(folder: Path, content: bytes, name: str = "model.onnx") -> Path:
    """`content` as a file in `folder`."""
    path = folder / name
    path.write_bytes(content)
    return path


def _model(
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    shape: list[str | int],
    constants: dict[str, npt.NDArray[Any] | np.float32],
) -> onnx.ModelProto:
    output = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, shape)
    initializers = [
        numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()
    ]
    graph = helper.make_graph(nodes, "tiny", inputs, [output], initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
