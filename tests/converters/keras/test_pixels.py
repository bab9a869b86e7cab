from collections.abc import Callable
from typing import Any

import pytest

from converters.keras.libraries import Libraries
from converters.keras.pixels import takes_bytes
from tests.converters.keras.networks import tiny

Layers = Callable[[Any], list[Any]]

INSIDE: list[Layers] = [
    lambda layers: [layers.Rescaling(1 / 255)],
    lambda layers: [layers.Rescaling(1 / 127.5, offset=-1)],
    lambda layers: [layers.RandomFlip("horizontal"), layers.Rescaling(1 / 255)],
    lambda layers: [layers.Normalization(mean=[123.0, 116.0, 103.0], variance=[3000.0] * 3)],
    lambda layers: [layers.Rescaling(1 / 255), layers.Normalization(mean=0.5, variance=0.1)],
]
OUTSIDE: list[Layers] = [
    lambda _: [],
    lambda layers: [layers.Rescaling(2.0, offset=-1)],  # from 0 to 1 to -1 to 1
    lambda layers: [layers.Normalization(mean=[0.5] * 3, variance=[0.1] * 3)],
    lambda layers: [layers.Conv2D(3, 1), layers.Rescaling(1 / 255)],
]


@pytest.mark.parametrize("before", INSIDE)
def test_a_first_layer_that_scales_bytes_is_seen(before: Layers, loaded: Libraries) -> None:
    model = tiny(loaded.keras, *before(loaded.keras.layers))
    assert takes_bytes(loaded.keras, model)
    assert takes_bytes(loaded.keras, loaded.keras.Sequential([model]))  # a model in a model


@pytest.mark.parametrize("before", OUTSIDE)
def test_others_have_to_be_said(before: Layers, loaded: Libraries) -> None:
    assert not takes_bytes(loaded.keras, tiny(loaded.keras, *before(loaded.keras.layers)))
