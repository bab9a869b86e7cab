from collections.abc import Callable

import numpy as np
import pytest

from converters.export import ConversionError
from converters.image.preprocessing import PRESETS
from converters.keras.probe import Doubles, probe


@pytest.mark.parametrize("name", PRESETS)
def test_what_it_does_is_found_exactly(name: str) -> None:
    preset = PRESETS[name]

    def prepare(pixels: Doubles) -> Doubles:
        ordered = pixels[..., ::-1] if preset.bgr else pixels
        ordered -= preset.mean  # over what it was given
        return ordered / preset.std

    found = probe(prepare, 64)
    assert (found.height, found.width, found.bgr) == (64, 64, preset.bgr)
    assert found.mean == pytest.approx(preset.mean, abs=1e-12)
    assert found.std == pytest.approx(preset.std, rel=1e-12)


def test_float32_is_enough() -> None:
    found = probe(lambda pixels: (pixels.astype(np.float32) - 123.68) / np.float32(58.395), 8)
    assert found.mean == (123.68,) * 3
    assert found.std == (58.395,) * 3


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_negative_scale_is_one_too(sign: int) -> None:
    assert probe(lambda pixels: sign * pixels / 255, 8).std == (255.0 * sign,) * 3


@pytest.mark.parametrize(
    "prepare",
    [
        np.sqrt,
        np.zeros_like,
        lambda pixels: pixels.mean(axis=-1, keepdims=True) + 0 * pixels,
        lambda pixels: pixels[..., [1, 2, 0]],
        lambda pixels: pixels - pixels.mean(axis=(1, 2), keepdims=True),
        lambda pixels: pixels[:, ::-1],
        lambda pixels: pixels * np.nan,
        lambda pixels: pixels + 0.05 * pixels[..., ::-1],
    ],
)
def test_what_is_no_scale_and_shift_is_refused(prepare: Callable[[Doubles], Doubles]) -> None:
    with pytest.raises(ConversionError, match="scale and shift"):
        probe(prepare, 8)
