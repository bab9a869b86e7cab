"""Keras networks to convert: tiny ones, and random ones whose answers differ between pictures."""

from typing import Any

import numpy as np

from converters.image.source import Floats

SIZE = 16
CLASSES = 5


def tiny(keras: Any, *before: Any, size: int | None = SIZE, softmax: bool = True) -> Any:
    """Convolution, batch norm, pooling and a dense layer; layers `before` see the picture first."""
    keras.utils.set_random_seed(0)
    picture = x = keras.Input((size, size, 3), name="picture")
    for layer in before:
        x = layer(x)
    x = keras.layers.Conv2D(8, 3, strides=2, padding="same")(x)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.ReLU()(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    scores = keras.layers.Dense(CLASSES, activation="softmax" if softmax else None)(x)
    return keras.Model(picture, scores)


def sharpen(
    keras: Any, model: Any, pictures: Floats, deviation: float = 2.0, branches: str = ""
) -> None:
    """Make `model`, random, with a softmax at its end, answer surely, and differently.

    With random weights as they come, a deep network gives nearly the same for all pictures, and a
    comparison of it with anything proves little. So batch norms take over the statistics of
    `pictures`, what the network is given, and the last layer's scores are spread: less their mean
    over `pictures`, times what gives them this deviation. Batch norms whose names end in `branches`
    let little through, as those at the end of a trained network's residual branches do: many such
    branches would enlarge every error of rounding, one after the other.
    """
    norms = [layer for layer in layers(model) if isinstance(layer, keras.layers.BatchNormalization)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
        if branches and norm.name.endswith(branches):
            norm.gamma.assign(0.2 * norm.gamma)
    model(pictures, training=True)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    kernel, bias = model.layers[-1].get_weights()
    scores = np.log(np.maximum(model(pictures, training=False).numpy(), 1e-30))
    scores -= scores.mean(axis=1, keepdims=True)
    factor = deviation / scores.std(axis=0).mean()
    model.layers[-1].set_weights([kernel * factor, (bias - scores.mean(axis=0)) * factor])


def layers(model: Any) -> list[Any]:
    """All layers, those of models inside too."""
    found = []
    for layer in model.layers:
        found += layers(layer) if hasattr(layer, "layers") else [layer]
    return found
