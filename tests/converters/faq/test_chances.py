"""The end of a graph against `Calibration`: candidates, shares, and the chance of the best."""

from functools import cache

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from converters.faq.chances import add_probabilities
from converters.faq.model import CANDIDATES, Calibration
from converters.nodes import Nodes
from server.session import Probabilities

WEIGHTS = (0.5, 0.25, -0.125, 0.75)
ELEMENTS = {"float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE}
Row = list[float]


@cache
def session(
    entries: int,
    temperature: float,
    weights: tuple[float, ...],
    bias: float,
    kind: str,
) -> ort.InferenceSession:
    nodes = Nodes("test.")
    calibration = Calibration(temperature, np.array(weights), bias)
    add_probabilities(nodes, "logits", entries, calibration)
    graph = nodes.model(
        "chances",
        [helper.make_tensor_value_info("logits", ELEMENTS[kind], ["N", entries])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", entries])],
    )
    onnx.checker.check_model(graph, full_check=True)
    return ort.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])


def compare(
    logits: np.ndarray,
    temperature: float = 2.0,
    weights: tuple[float, ...] = WEIGHTS,
    bias: float = -0.5,
) -> Probabilities:
    """What the graph gives, which is what its source gives."""
    run = session(logits.shape[1], temperature, weights, bias, logits.dtype.name)
    found: Probabilities = run.run(None, {"logits": logits})[0]
    calibration = Calibration(temperature, np.array(weights), bias)
    expected = calibration.probabilities(logits.astype(np.float64))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert found.dtype == np.float32
    assert found.sum(axis=1).max(initial=0) <= 1
    assert found.sum(axis=1, dtype=np.float64).max(initial=0) <= 1
    assert found.min(initial=0) >= 0
    return found


@pytest.mark.parametrize("entries", [2, 3, 7])
@pytest.mark.parametrize("kind", list(ELEMENTS))
@given(data=st.data())
def test_any_logits(entries: int, kind: str, data: st.DataObject) -> None:
    row = st.lists(st.floats(-300, 300, width=32), min_size=entries, max_size=entries)
    rows = data.draw(st.lists(row, max_size=4))
    compare(np.array(rows, kind).reshape(len(rows), entries))


@pytest.mark.parametrize("temperature", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("bias", [-500.0, 0.0, 500.0])
def test_extreme_calibrations(temperature: float, bias: float) -> None:
    logits = np.random.default_rng(0).normal(size=(50, 9)).astype(np.float32)
    compare(logits, temperature, (1.0, 10.0, -5.0, 2.0), bias)


def test_probabilities_fall_with_the_logits() -> None:
    logits = np.random.default_rng(1).normal(size=(50, 9)).astype(np.float32)
    found = compare(logits)
    sorted_by_logit = np.take_along_axis(found, np.argsort(-logits, axis=1), axis=1)
    assert (np.diff(sorted_by_logit, axis=1) < 0).all()


@pytest.mark.parametrize("entries", [CANDIDATES, CANDIDATES + 1, 2 * CANDIDATES])
def test_only_the_best_have_a_probability(entries: int) -> None:
    rng = np.random.default_rng(2)
    logits = rng.normal(size=(3, entries)).astype(np.float32)
    logits[1] = rng.integers(0, 3, entries)  # ties across the border
    logits[2] = 7  # nothing but ties
    found = compare(logits)
    assert ((found > 0).sum(axis=1) == CANDIDATES).all()
    assert (found[2, :CANDIDATES] > 0).all()
