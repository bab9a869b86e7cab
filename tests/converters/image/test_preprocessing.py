"""The presets, held to what the frameworks say in their own words."""

from dataclasses import replace

import numpy as np
import pytest

from converters.image.preprocessing import PRESETS

PICTURES = np.random.default_rng(0).integers(0, 256, (2, 224, 224, 3), dtype=np.uint8)
UNIT = PICTURES / 255


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("torch", (UNIT - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]),
        ("caffe", PICTURES[..., ::-1] - np.array([103.939, 116.779, 123.68])),
        ("tf", UNIT * 2 - 1),
        ("unit", UNIT),
        ("none", PICTURES.astype(np.float64)),
    ],
)
def test_presets(name: str, expected: np.ndarray) -> None:
    found = PRESETS[name].apply(PICTURES)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


def test_each_preset_is_here() -> None:
    assert set(PRESETS) == {"torch", "caffe", "tf", "unit", "none"}
    assert {(one.crop, one.resample) for one in PRESETS.values()} == {(0.875, "bicubic")}


def test_mean_and_std_are_in_the_networks_order() -> None:
    other = replace(PRESETS["none"], mean=(1.0, 2.0, 3.0), std=(1.0, 2.0, 4.0), bgr=True)
    red = np.array([[[[255, 0, 0]]]], np.uint8)
    np.testing.assert_array_equal(other.apply(red), [[[[-1, -1, 63]]]])
