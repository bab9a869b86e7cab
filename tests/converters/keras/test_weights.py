import hashlib
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from converters.export import ConversionError
from converters.keras import weights
from converters.keras.applications import Application, find
from converters.keras.libraries import Libraries


@pytest.fixture
def application(loaded: Libraries) -> Application:
    """An application like Keras' own, but tiny."""

    def network(weights: str | None, input_shape: Any, classes: int) -> Any:
        if weights == "imagenet":
            raise ValueError("`input_shape` should be (224, 224, 3)")
        size = input_shape[0] if input_shape else None
        picture = loaded.keras.Input((size, size, 3))
        x = loaded.keras.layers.Conv2D(8, 3)(picture)
        x = loaded.keras.layers.GlobalAveragePooling2D()(x)
        scores = loaded.keras.layers.Dense(classes, activation="softmax")(x)
        return loaded.keras.Model(picture, scores)

    return Application("Tiny", network, lambda pixels: pixels)


def test_random_weights_are_always_the_same(application: Application, loaded: Libraries) -> None:
    one, two = (weights.build(loaded.keras, application, "none", 32, 7) for _ in range(2))
    assert one.input_shape == (None, 32, 32, 3)
    assert one.output_shape == (None, 7)
    assert weights.sha256(one) == weights.sha256(two)
    one.variables[0].assign(one.variables[0] + 1)
    assert weights.sha256(one) != weights.sha256(two)


def test_a_network_for_any_size_gets_the_one_of_imagenet(
    application: Application, loaded: Libraries
) -> None:
    model = weights.build(loaded.keras, application, "none", None, 7)
    assert model.input_shape == (None, 224, 224, 3)


@pytest.mark.parametrize("suffix", [".weights.h5", ".h5"])
def test_weights_of_a_file(
    suffix: str, application: Application, loaded: Libraries, tmp_path: Path
) -> None:
    source = application.network(weights=None, input_shape=(16, 16, 3), classes=7)
    for variable in source.variables:
        variable.assign(variable + 0.25)
    path = tmp_path / f"some{suffix}"
    source.save_weights(path) if suffix == ".weights.h5" else source.save(path)
    model = weights.build(loaded.keras, application, str(path), 16, 7)
    for ours, theirs in zip(model.variables, source.variables, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_weights_of_another_network_are_refused(
    application: Application, loaded: Libraries, tmp_path: Path
) -> None:
    path = tmp_path / "some.weights.h5"
    application.network(weights=None, input_shape=None, classes=7).save_weights(path)
    with pytest.raises(ConversionError, match=r"Tiny with 8 classes .* --classes"):
        weights.build(loaded.keras, application, str(path), 16, 8)
    path.write_bytes(b"no HDF5")
    with pytest.raises(ConversionError, match="no weights of Tiny"):
        weights.build(loaded.keras, application, str(path), 16, 7)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        weights.build(loaded.keras, application, str(tmp_path / "nowhere.h5"), 16, 7)


def test_what_keras_refuses_is_passed_on(application: Application, loaded: Libraries) -> None:
    with pytest.raises(ConversionError, match=r"Tiny: ValueError: `input_shape` should be"):
        weights.build(loaded.keras, application, "imagenet", 64, 1000)


def test_the_file_of_efficientnet_is_not_taken_for_another_structure(
    loaded: Libraries,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    application = find(loaded.keras, "EfficientNetB0")
    path = tmp_path / "efficientnetb0.h5"
    path.write_bytes(b"as if")
    with caplog.at_level(logging.WARNING), pytest.raises(ConversionError, match="at least 32x32"):
        weights.build(loaded.keras, application, str(path), 8, 1000)
    assert "save the whole model as .keras" in caplog.text
    digest = hashlib.md5(b"as if", usedforsecurity=False).hexdigest()
    known = application.network.__globals__["WEIGHTS_HASHES"]
    monkeypatch.setitem(known, "b0", (digest, ""))
    with pytest.raises(ConversionError, match=r"put the file into .*models and give --weights im"):
        weights.build(loaded.keras, application, str(path), 8, 1000)
