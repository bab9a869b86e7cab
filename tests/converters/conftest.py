"""Models that several test modules need, converted once a session."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from converters import from_efficientnet_lite
from converters.efficientnet_lite import Variant, blocks
from converters.keras import libraries
from converters.keras.libraries import Libraries


@pytest.fixture(scope="session")
def made_weights() -> Callable[[Variant], dict[str, np.ndarray]]:
    """Random weights of the right names and shapes for a variant of EfficientNet-Lite."""
    return _made_weights


@pytest.fixture(scope="session")
def efficientnet_lite0(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default image model."""
    path = tmp_path_factory.mktemp("models") / "image.onnx"
    from_efficientnet_lite.write(0, path)
    return path


def _made_weights(variant: Variant) -> dict[str, np.ndarray]:
    """Random weights of the right names and shapes, under which no layer dies or explodes."""
    rng = np.random.default_rng(0)
    weights = {}
    for block in blocks(variant):
        for convolution in block.convolutions:
            for name, shape in convolution.shapes().items():
                if len(shape) == 4:
                    value = rng.normal(0, np.prod(shape[1:]) ** -0.5, shape)
                elif name.endswith("running_var"):
                    value = rng.uniform(0.0, 0.5, shape)
                else:
                    value = rng.normal(0.5, 0.2, shape)
                weights[name] = value.astype(np.float32)
    weights["_fc.weight"] = rng.normal(0, 0.03, (1000, 1280)).astype(np.float32)
    weights["_fc.bias"] = rng.normal(0, 1, 1000).astype(np.float32)
    return weights


@pytest.fixture(scope="session")
def loaded() -> Libraries:
    """TensorFlow and Keras, imported once; skips where they are not installed."""
    for name in ("tensorflow", "keras", "tf2onnx"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed: pip install -e '.[keras]'")
    return libraries.load()
