"""Embedding many texts: order, length 1, an empty list, the progress bar."""

from pathlib import Path

import numpy as np
import pytest

from converters.encoder.model import Encoder
from converters.encoder.source import from_folder
from tests.converters.encoder import folder as small


@pytest.fixture
def encoder(tmp_path: Path) -> Encoder:
    return from_folder(small.write(tmp_path))


def test_texts_keep_their_order_over_batches(encoder: Encoder) -> None:
    rng = np.random.default_rng(0)
    texts = ["sort " * int(times) for times in rng.integers(0, 5, 100)]
    texts = [f"{text}{'abcdefghij'[number % 10]}" for number, text in enumerate(texts)]
    found = encoder.embed(texts)
    assert found.shape == (100, encoder.width)
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    for number in range(0, 100, 7):
        np.testing.assert_allclose(found[number], encoder.embed([texts[number]])[0], atol=1e-6)


def test_no_texts_give_no_rows(encoder: Encoder) -> None:
    assert encoder.embed([]).shape == (0, encoder.width)


def test_a_description_shows_a_bar_on_a_terminal_alone(
    encoder: Encoder, capsys: pytest.CaptureFixture[str]
) -> None:
    described = encoder.embed(small.TEXTS, "Embedding")
    np.testing.assert_array_equal(described, encoder.embed(small.TEXTS))
    assert capsys.readouterr() == ("", "")
