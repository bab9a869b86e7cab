"""Pooling and the norm, against plain numpy."""

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
import pytest

from converters.encoder.pooling import Pooling, graph_of, normalise, pool, valid_tokens
from converters.nodes import Nodes
from server.subwords import PADDING

TOKENS = np.array([[3, 0, 2], [5, PADDING, PADDING], [PADDING] * 3], np.int64)
HIDDEN = np.random.default_rng(0).normal(size=(3, 3, 4)).astype(np.float32)


def _pooled(pooling: Pooling, hidden: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    nodes = Nodes()
    normalise(nodes, pool(nodes, "hidden", valid_tokens(nodes), pooling))
    model = graph_of(nodes, 4)
    value = onnx.helper.make_tensor_value_info("hidden", onnx.TensorProto.FLOAT, ["N", "S", 4])
    model.graph.input.append(value)
    onnx.checker.check_model(model, full_check=True)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found: npt.NDArray[np.float32] = session.run(None, {"tokens": TOKENS, "hidden": hidden})[0]
    return found


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_rows_have_the_length_1_and_the_right_direction(pooling: Pooling) -> None:
    found = _pooled(pooling, HIDDEN)
    means = np.stack([HIDDEN[0].mean(axis=0), HIDDEN[1, 0]])
    expected = means if pooling == "mean" else HIDDEN[:2, 0]
    expected = expected / np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(found[:2], expected, rtol=0, atol=1e-6)


def test_a_text_without_tokens_is_a_row_of_zeros() -> None:
    np.testing.assert_array_equal(_pooled("mean", HIDDEN)[2], np.zeros(4, np.float32))


def test_what_padding_holds_has_no_part() -> None:
    other = HIDDEN.copy()
    other[1, 1:] = 1e6
    np.testing.assert_array_equal(_pooled("mean", other)[1], _pooled("mean", HIDDEN)[1])
