from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converters.efficientnet_lite import VARIANTS, Convolution, Variant
from converters.efficientnet_lite_reference import _convolve, probabilities

MakeWeights = Callable[[Variant], dict[str, np.ndarray]]


def convolved_by_definition(
    x: np.ndarray, kernel: np.ndarray, stride: int, before: int
) -> np.ndarray:
    """One value after the other: sums over what lies under the kernel, nothing at the border."""
    size, steps = x.shape[1], -(-x.shape[1] // stride)
    result = np.zeros((steps, steps, kernel.shape[0]))
    for row, column, i, j in np.ndindex(steps, steps, *kernel.shape[2:]):
        y, z = row * stride + i - before, column * stride + j - before
        if 0 <= y < size and 0 <= z < size:
            for channel in range(kernel.shape[0]):
                under = x[0, y, z] if kernel.shape[1] > 1 else x[0, y, z, channel : channel + 1]
                result[row, column, channel] += under @ kernel[channel, :, i, j]
    return result


# TensorFlow's SAME by hand: with stride 2 an even size is padded less before than after.
@pytest.mark.parametrize(
    ("size", "kernel", "stride", "before"),
    [
        (6, 3, 1, 1), (6, 5, 1, 2), (6, 3, 2, 0), (6, 5, 2, 1), (7, 3, 2, 1), (7, 5, 2, 2),
        (5, 1, 1, 0),
    ],
)  # fmt: skip
@pytest.mark.parametrize("depthwise", [False, True])
def test_a_convolution_is_the_definition_with_same_padding(
    size: int, kernel: int, stride: int, before: int, depthwise: bool
) -> None:
    rng = np.random.default_rng(size * kernel * stride)
    x = rng.normal(size=(1, size, size, 4)).astype(np.float32)
    shape = (4, 1, kernel, kernel) if depthwise else (3, 4, kernel, kernel)
    weight = rng.normal(size=shape).astype(np.float32)
    convolution = Convolution("c", "n", 4, shape[0], kernel, stride, depthwise=depthwise)
    expected = convolved_by_definition(x, weight, stride, before)
    np.testing.assert_allclose(_convolve(x, weight, convolution)[0], expected, atol=1e-5)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(1, 3))
def test_probabilities_are_of_each_picture_alone(
    made_weights: MakeWeights, seed: int, rows: int
) -> None:
    weights = made_weights(VARIANTS[0])
    images = np.random.default_rng(seed).integers(0, 256, (rows, 32, 32, 3), dtype=np.uint8)
    together = probabilities(weights, VARIANTS[0], images)
    assert together.dtype == np.float32
    np.testing.assert_allclose(together.sum(axis=1), 1, atol=1e-5)
    alone = np.concatenate([probabilities(weights, VARIANTS[0], i[None]) for i in images])
    np.testing.assert_allclose(together, alone, atol=1e-6)
