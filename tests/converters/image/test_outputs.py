"""Scores, probabilities, a softmax too many, and what is neither."""

import logging

import numpy as np
import pytest

from converters.export import ConversionError
from converters.image.outputs import (
    Floats,
    Softmax,
    last_operator,
    needs_softmax,
    softmax,
    warn_of_sameness,
)
from tests.converters.image import nets

SCORES = np.random.default_rng(0).normal(0, 3, (8, 10)).astype(np.float32)
PROBABILITIES = softmax(SCORES)
EACH = np.asarray(1 / (1 + np.exp(-SCORES)), np.float32)


@pytest.mark.parametrize(
    ("ending", "operator"),
    [
        ("y = Softmax(s)", "Softmax"),
        ("a = Softmax(s) b = Identity(a) y = Reshape(b, shape)", "Softmax"),
        ("y = Sigmoid(s)", "Sigmoid"),
        ("y = Identity(s)", "Gemm"),
        ("y = Identity(x)", ""),
    ],
)
def test_the_last_operator(ending: str, operator: str) -> None:
    assert last_operator(nets.network(ending).graph) == operator


@pytest.mark.parametrize(
    ("outputs", "operator", "needed"),
    [
        (SCORES, "Gemm", True),
        (np.log(PROBABILITIES), "LogSoftmax", True),
        (np.clip(SCORES, 0, 1), "Gemm", True),
        (PROBABILITIES, "Softmax", False),
        (PROBABILITIES, "Div", False),
        (PROBABILITIES.astype(np.float16).astype(np.float32), "Softmax", False),
        (np.eye(8, dtype=np.float32), "Softmax", False),  # quite sure
        (np.full((8, 10), 0.1, np.float32) + np.eye(8, 10, dtype=np.float32), "Gemm", True),
    ],
)
def test_it_is_found_out(outputs: Floats, operator: str, needed: bool) -> None:
    assert needs_softmax(outputs, operator) is needed


def test_scores_become_the_same_probabilities_from_their_logarithms() -> None:
    np.testing.assert_allclose(softmax(np.log(PROBABILITIES)), PROBABILITIES, atol=1e-6)
    assert np.isfinite(softmax(np.array([[1e4, -1e4]], np.float32))).all()


@pytest.mark.parametrize("classes", [2, 3, 10, 1000])
def test_a_softmax_of_a_softmax_is_refused_unless_told(classes: int) -> None:
    scores = np.random.default_rng(1).normal(0, 4, (8, classes)).astype(np.float32)
    once, twice = softmax(scores), softmax(softmax(scores))
    assert not needs_softmax(once, "Softmax")
    with pytest.raises(ConversionError, match=r"softmax of a softmax: its rows are nearly flat"):
        needs_softmax(twice, "Softmax")
    assert not needs_softmax(twice, "Softmax", "none")


@pytest.mark.parametrize(
    ("outputs", "operator", "asked", "said"),
    [
        (EACH, "Sigmoid", "auto", "ends in Sigmoid, which scores each class by itself"),
        (EACH, "", "auto", "ends in nothing"),
        (softmax(SCORES.T).T, "Softmax", "auto", "softmax is over another axis than classes"),
        (np.ones((1, 10), np.float32), "Softmax", "auto", "sum to 10 to 10, not to 1"),
        (SCORES, "Gemm", "none", "numbers outside 0 to 1, which are no probabilities"),
        (SCORES[:, :1], "Sigmoid", "auto", "one number for each picture; two classes need two"),
        (SCORES[0], "Gemm", "auto", r"an array of shape \(10,\)"),
        (SCORES * np.nan, "Gemm", "auto", "NaN or infinity"),
        (SCORES * np.inf, "Gemm", "add", "NaN or infinity"),
    ],
)
def test_what_is_refused(outputs: Floats, operator: str, asked: Softmax, said: str) -> None:
    with pytest.raises(ConversionError, match=said):
        needs_softmax(outputs, operator, asked)


def test_what_the_user_asks_for_is_done_and_said(caplog: pytest.LogCaptureFixture) -> None:
    assert needs_softmax(SCORES, "Gemm", "add")
    assert not needs_softmax(PROBABILITIES, "Softmax", "none")
    assert caplog.messages == []
    assert needs_softmax(PROBABILITIES, "Softmax", "add")
    assert not needs_softmax(EACH, "Sigmoid", "none")
    first, second = caplog.messages
    assert "gives probabilities as it is" in first
    assert "do not sum to 1" in second


def test_nearly_the_same_for_all_pictures(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        warn_of_sameness(PROBABILITIES)
        assert caplog.messages == []
        warn_of_sameness(np.asarray(PROBABILITIES[:1] + EACH * 1e-3, np.float32))
    assert "nearly the same for all 8 pictures" in caplog.messages[0]
    assert "--preprocessing" in caplog.messages[0]
