"""int8: close to fp32, smaller, exact on every processor, and deaf to neighbours in a batch."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from converters.encoder.int8 import quantise_layer, quantise_table, to_int8
from converters.encoder.model import Encoder
from converters.encoder.source import from_folder
from converters.export import ConversionError
from converters.faq.samples import ADVERSARIAL
from tests.converters.encoder import folder as small

QUESTIONS = (
    "How do I sort an array of numbers?",
    "Is there a way to see the date when my channel subscription started?",
    "Installing beside Windows on an SSD",
    "no sound after the upgrade",
    "x",
)


@pytest.fixture(scope="module")
def int8(minilm: Encoder) -> Encoder:
    return to_int8(minilm)


def _cosines(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.asarray((left * right).sum(axis=1))


def test_minilm_stays_close_and_gets_small(minilm: Encoder, int8: Encoder) -> None:
    onnx.checker.check_model(int8.graph, full_check=True)
    assert int8.precision == "int8"
    assert int8.graph.ByteSize() < 24e6 < minilm.graph.ByteSize() / 3
    assert _cosines(int8.embed(QUESTIONS[:4]), minilm.embed(QUESTIONS[:4])).min() > 0.995
    odd = [text for text in ADVERSARIAL if len(text) < 100]
    assert _cosines(int8.embed(odd), minilm.embed(odd)).min() > 0.97


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_an_answer_does_not_depend_on_its_neighbours(
    minilm: Encoder, int8: Encoder, precision: str
) -> None:
    """A whole batch's range, or one rounding that tips over, would show as 1e-4 and more."""
    encoder = minilm if precision == "fp32" else int8
    alone = np.concatenate([encoder.embed([text]) for text in QUESTIONS])
    for neighbour in ("sort the list " * 10, "sort the list " * 80, "=" * 200, "the " * 31):
        together = encoder.embed([*QUESTIONS, neighbour])[: len(QUESTIONS)]
        np.testing.assert_allclose(together, alone, rtol=0, atol=1e-6)


def test_a_small_encoder_stays_close(tmp_path: Path) -> None:
    encoder = from_folder(small.write(tmp_path))
    assert _cosines(to_int8(encoder).embed(small.TEXTS), encoder.embed(small.TEXTS)).min() > 0.99


@pytest.mark.parametrize("rows", [6, 7])
def test_a_layer_keeps_half_a_step_and_its_pairs_fit_in_16_bits(rows: int) -> None:
    weight = np.random.default_rng(0).normal(size=(rows, 50)).astype(np.float32)
    weight[:, 3] = 0
    weight[:2, 4] = 5, -5
    integers, scales = quantise_layer(weight)
    assert integers.dtype == np.int8
    assert np.all(np.abs(integers * scales - weight) <= scales * 0.501)
    sizes = np.abs(np.pad(integers.astype(int), ((0, rows % 2), (0, 0))))
    assert 255 * (sizes[0::2] + sizes[1::2]).max() <= np.iinfo(np.int16).max


def test_a_table_keeps_half_a_step_of_each_row() -> None:
    table = np.random.default_rng(0).normal(size=(20, 8)).astype(np.float32)
    table[1] *= 1000
    table[2] = 0
    integers, scales = quantise_table(table)
    assert integers.dtype == np.int8
    assert scales.shape == (20, 1)
    assert np.all(np.abs(integers * scales - table) <= scales * 0.501)


def _graph(text: str, **weights: np.ndarray) -> onnx.ModelProto:
    model = onnx.parser.parse_model(
        '<ir_version: 10, opset_import: ["": 18]>\n'
        f"encoder (int64[N,S] tokens) => (float[N,4] embedding) {{ {text} }}"
    )
    model.graph.initializer.extend(
        numpy_helper.from_array(value, name) for name, value in weights.items()
    )
    return model


def test_only_what_gains_is_quantised(tmp_path: Path) -> None:
    """Products of two activations stay float, and so do weights that other nodes read too."""
    subwords = from_folder(small.write(tmp_path)).subwords
    rng = np.random.default_rng(0)
    graph = _graph(
        """
        ids = Max(tokens, zero)
        words = Gather <axis = 0> (table, ids)
        one = MatMul(words, layer)
        two = MatMul(words, layer)
        both = MatMul(one, layer)
        turned = Transpose <perm = [0, 2, 1]> (two)
        crossed = MatMul(turned, both)
        mean = ReduceMean <keepdims = 0> (crossed, axes)
        shift = ReduceMean <keepdims = 0> (layer, zeros)
        embedding = Add(mean, shift)
        """,
        table=rng.normal(size=(small.CONFIG["vocab_size"], 4)).astype(np.float32),
        layer=rng.normal(size=(4, 4)).astype(np.float32),
        zero=np.array(0, np.int64),
        axes=np.array([1], np.int64),
        zeros=np.array([0], np.int64),
    )
    encoder = Encoder(graph, subwords, 4, "a test")
    found = to_int8(encoder)
    onnx.checker.check_model(found.graph, full_check=True)
    kinds = [node.op_type for node in found.graph.graph.node]
    assert kinds.count("MatMulIntegerToFloat") == 3
    assert kinds.count("MatMul") == 1
    assert kinds.count("Abs") == 2  # `words` is quantised once
    stored = {one.name: one.data_type for one in found.graph.graph.initializer}
    assert stored["layer"] == onnx.TensorProto.FLOAT
    assert "table" not in stored
    np.testing.assert_allclose(
        found.embed(small.TEXTS), encoder.embed(small.TEXTS), rtol=0.05, atol=0.15
    )


def test_a_graph_without_dense_layers_is_refused(tmp_path: Path) -> None:
    subwords = from_folder(small.write(tmp_path)).subwords
    graph = _graph("embedding = Cast <to = 1> (tokens)")
    with pytest.raises(ConversionError, match="a test has no dense layer"):
        to_int8(Encoder(graph, subwords, 4, "a test"))
