"""Encoders that come as ONNX: their inputs and outputs adapted, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
import pytest
from onnx import numpy_helper

from converters.encoder.onnx_graph import read
from converters.encoder.pooling import Pooling
from converters.export import ConversionError
from server.subwords import pad_tokens

TABLE = np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32)
TYPES = np.random.default_rng(1).normal(size=(2, 4)).astype(np.float32)
ROWS = [np.array(row, np.int64) for row in ([2, 0, 7, 3], [5], [8, 3])]
# The output of a real one is not 0 where padding is: pooling has to leave it out.
HIDDEN = """
    words = Gather (table, input_ids)
    mask = Cast <to = 1> (attention_mask)
    wide = Unsqueeze (mask, two)
    hidden = Add(words, wide)
"""
INPUTS = "int64[N,S] input_ids, int64[N,S] attention_mask"


def _write(folder: Path, body: str, outputs: str, *, inputs: str = INPUTS, opset: int = 18) -> Path:
    model = onnx.parser.parse_model(
        f'<ir_version: 8, opset_import: ["": {opset}]>\n'
        f"encoder ({inputs}) => ({outputs}) {{ {body} }}"
    )
    constants: dict[str, npt.NDArray[Any]] = {
        "table": TABLE,
        "types": TYPES,
        "two": np.array([2], np.int64),
    }
    model.graph.initializer.extend(
        numpy_helper.from_array(value, name) for name, value in constants.items() if name in body
    )
    path = folder / "model.onnx"
    onnx.save(model, path)
    return path


def _embed(graph: onnx.ModelProto) -> npt.NDArray[np.float32]:
    onnx.checker.check_model(graph, full_check=True)
    session = ort.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    found: npt.NDArray[np.float32] = session.run(["embedding"], {"tokens": pad_tokens(ROWS)})[0]
    return found


def _normalised(rows: list[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    stacked = np.stack(rows)
    return np.asarray(stacked / np.linalg.norm(stacked, axis=1, keepdims=True))


@pytest.mark.parametrize("pooling", ["mean", "cls"])
@pytest.mark.parametrize("opset", [14, 18])
def test_hidden_states_are_pooled(tmp_path: Path, pooling: Pooling, opset: int) -> None:
    body = f"{HIDDEN} last_hidden_state = Identity(hidden) pooler_output = Identity(words)"
    outputs = "float[N,S,4] last_hidden_state, float[N,S,4] pooler_output"
    graph, width = read(_write(tmp_path, body, outputs, opset=opset), pooling)
    assert width == 4
    vectors = [TABLE[row] + 1 for row in ROWS]
    expected = [rows.mean(axis=0) if pooling == "mean" else rows[0] for rows in vectors]
    np.testing.assert_allclose(_embed(graph), _normalised(expected), rtol=0, atol=1e-6)


def test_a_pooled_output_is_taken_as_it_is(tmp_path: Path) -> None:
    body = """
        words = Gather (table, input_ids)
        mask = Cast <to = 1> (attention_mask)
        wide = Unsqueeze (mask, two)
        counted = Mul(words, wide)
        sentence_embedding = ReduceMax <keepdims = 0, axes = [1]> (counted)
    """
    graph, _ = read(_write(tmp_path, body, "float[N,4] sentence_embedding", opset=14), "cls")
    longest = max(map(len, ROWS))
    padded = [np.pad(TABLE[row], ((0, longest - len(row)), (0, 0))) for row in ROWS]
    expected = _normalised([rows.max(axis=0) for rows in padded])
    np.testing.assert_allclose(_embed(graph), expected, rtol=0, atol=1e-6)


def test_token_types_are_zeros_of_the_type_asked_for(tmp_path: Path) -> None:
    body = """
        words = Gather (table, input_ids)
        kinds = Gather (types, token_type_ids)
        last_hidden_state = Add(words, kinds)
    """
    inputs = "int32[N,S] input_ids, int64[N,S] attention_mask, int32[N,S] token_type_ids"
    path = _write(tmp_path, body, "float[N,S,4] last_hidden_state", inputs=inputs)
    expected = _normalised([(TABLE[row] + TYPES[0]).mean(axis=0) for row in ROWS])
    np.testing.assert_allclose(_embed(read(path, "mean")[0]), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("body", "outputs", "inputs", "said"),
    [
        (HIDDEN, "float[N,S,4] hidden", INPUTS, "has the outputs hidden; expected is"),
        (
            "last_hidden_state = Gather (table, input_ids)",
            "float[N,S,4] last_hidden_state",
            "int64[N,S] input_ids",
            "has the inputs input_ids; expected are",
        ),
        (
            "sum = Add(input_ids, position_ids) last_hidden_state = Gather (table, sum)",
            "float[N,S,4] last_hidden_state",
            f"{INPUTS}, int64[N,S] position_ids",
            "has the inputs attention_mask, input_ids, position_ids; expected are",
        ),
        (
            "words = Gather (table, input_ids) last_hidden_state = Cast <to = 11> (words)",
            "double[N,S,4] last_hidden_state",
            INPUTS,
            "last_hidden_state is no float32 of a fixed width",
        ),
        (
            """
            words = Gather (table, input_ids)
            small, scale, zero = DynamicQuantizeLinear(words)
            last_hidden_state = DequantizeLinear(small, scale, zero)
            """,
            "float[N,S,4] last_hidden_state",
            INPUTS,
            "an answer would depend on its neighbours; give the fp32 file",
        ),
        (
            "last_hidden_state = Nothing (input_ids)",
            "float[N,S,4] last_hidden_state",
            INPUTS,
            "can't be read as ONNX of opset 18",
        ),
    ],
)
def test_what_does_not_fit_is_named(
    tmp_path: Path, body: str, outputs: str, inputs: str, said: str
) -> None:
    path = _write(tmp_path, body, outputs, inputs=inputs)
    with pytest.raises(ConversionError) as caught:
        read(path, "mean")
    assert str(caught.value).startswith(str(path))
    assert said in str(caught.value)


def test_a_file_that_is_no_onnx_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"not a model")
    with pytest.raises(ConversionError, match=r"model\.onnx can't be read as ONNX"):
        read(path, "mean")
