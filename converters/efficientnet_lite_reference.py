"""EfficientNet-Lite in plain numpy: the source model that the ONNX graph is compared with.

Layer by layer from the weights as they are, channels last, batch norm on its own: it shares no
step with the graph.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from converters.efficientnet_lite import (
    EPSILON,
    MEAN,
    SCALE,
    Array,
    Convolution,
    Variant,
    Weights,
    blocks,
)


def probabilities(
    weights: Weights, variant: Variant, images: npt.NDArray[np.uint8]
) -> npt.NDArray[np.float32]:
    """Probabilities, float32 [N, classes], of RGB pictures, uint8 [N, height, width, 3]."""
    x = (images.astype(np.float32) - np.float32(MEAN)) / np.float32(SCALE)
    for block in blocks(variant):
        entry = x
        for convolution in block.convolutions:
            x = _convolve(x, weights[f"{convolution.name}.weight"], convolution)
            x = _batch_norm(x, weights, convolution.norm)
            if convolution.activated:
                x = np.clip(x, 0, 6)
        if block.residual:
            x = x + entry
    scores = x.mean(axis=(1, 2)) @ weights["_fc.weight"].T + weights["_fc.bias"]
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)


def _convolve(x: Array, kernel: Array, convolution: Convolution) -> Array:
    if convolution.depthwise:
        terms = (window * kernel[:, 0, i, j] for i, j, window in _windows(x, convolution))
    else:
        terms = (_mixed(window, kernel[:, :, i, j]) for i, j, window in _windows(x, convolution))
    total = next(terms)
    for term in terms:
        total += term
    return total


def _mixed(window: Array, kernel: Array) -> Array:
    # One product of two matrices: numpy would make one for each row of each picture.
    product: Array = window.reshape(-1, window.shape[-1]) @ kernel.T
    return product.reshape(*window.shape[:-1], -1)


def _windows(x: Array, convolution: Convolution) -> Iterator[tuple[int, int, Array]]:
    """For each place in the kernel: what lies under it at every step, [N, height, width, C]."""
    size, kernel, stride = x.shape[1], convolution.kernel, convolution.stride
    steps = -(-size // stride)
    # TensorFlow's SAME: as many steps as the stride divides, the odd pixel of padding at the end.
    padding = max((steps - 1) * stride + kernel - size, 0)
    edge = (padding // 2, padding - padding // 2)
    padded = np.pad(x, ((0, 0), edge, edge, (0, 0))) if padding else x
    reach = (steps - 1) * stride + 1
    for i in range(kernel):
        for j in range(kernel):
            yield i, j, padded[:, i : i + reach : stride, j : j + reach : stride]


def _batch_norm(x: Array, weights: Weights, norm: str) -> Array:
    mean, variance = weights[f"{norm}.running_mean"], weights[f"{norm}.running_var"]
    normal: Array = (x - mean) / np.sqrt(variance + np.float32(EPSILON))
    return normal * weights[f"{norm}.weight"] + weights[f"{norm}.bias"]
