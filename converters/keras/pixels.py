"""Whether a Keras model scales its pixels itself."""

from collections.abc import Iterator
from typing import Any

import numpy as np

_LARGEST_SCALE = 0.02  # 1/255 and 1/127.5 are for pixels up to 255; 1 and 2 are for pixels up to 1
_SMALLEST_MEAN = 2


def takes_bytes(keras: Any, model: Any) -> bool:
    """Whether the first layer that changes pixels is one that scales them from 0 to 255."""
    for layer in _layers(model):
        if isinstance(layer, keras.layers.Rescaling):
            return bool(0 < np.max(layer.scale) <= _LARGEST_SCALE)
        if isinstance(layer, keras.layers.Normalization):
            return bool(np.max(np.asarray(layer.mean)) >= _SMALLEST_MEAN)
        # What is random does nothing once the network is trained.
        if not isinstance(layer, keras.layers.InputLayer) and "Random" not in type(layer).__name__:
            return False
    return False


def _layers(model: Any) -> Iterator[Any]:
    """All layers, in the order in which they are run, down to those of models inside."""
    for layer in model.layers:
        yield from _layers(layer) if hasattr(layer, "layers") else (layer,)
