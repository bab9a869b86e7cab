import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from converters.export import ConversionError
from converters.keras.files import load
from converters.keras.libraries import Libraries
from tests.converters.keras.networks import SIZE, tiny


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_whole_model(suffix: str, loaded: Libraries, tmp_path: Path) -> None:
    source = tiny(loaded.keras)
    source.compile("adam", "categorical_crossentropy")
    source.save(tmp_path / f"model{suffix}")
    model = load(loaded.keras, tmp_path / f"model{suffix}")
    pictures = np.random.default_rng(0).normal(size=(2, SIZE, SIZE, 3)).astype(np.float32)
    np.testing.assert_allclose(model(pictures), source(pictures), rtol=0, atol=1e-6)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_code_in_the_file_is_not_run(suffix: str, loaded: Libraries, tmp_path: Path) -> None:
    trap = str(tmp_path / "trap")
    code = loaded.keras.layers.Lambda(lambda x: (x, __import__("pathlib").Path(trap).touch())[0])
    path = tmp_path / f"model{suffix}"
    save(tiny(loaded.keras, code), path)
    Path(trap).unlink()  # it is run when the model is made
    with pytest.raises(ConversionError, match="Lambda layer in it, whose code Keras' safe mode"):
        load(loaded.keras, path)
    assert not Path(trap).exists()


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_layer_of_ones_own_is_told_what_to_do(
    suffix: str, loaded: Libraries, tmp_path: Path
) -> None:
    class Own(loaded.keras.layers.Layer):  # type: ignore[misc, name-defined]
        def call(self, x: Any) -> Any:
            return x * 2

    path = tmp_path / f"model{suffix}"
    save(tiny(loaded.keras, Own()), path)
    with pytest.raises(ConversionError, match=r"of your own in it.*rtscore-convert tensorflow"):
        load(loaded.keras, path)


def test_weights_alone_are_told_what_to_do(loaded: Libraries, tmp_path: Path) -> None:
    path = tmp_path / "model.weights.h5"
    tiny(loaded.keras).save_weights(path)
    with pytest.raises(ConversionError, match=r"only weights in it.*--application NAME"):
        load(loaded.keras, path)


@pytest.mark.parametrize("name", ["model.keras", "model.h5"])
def test_what_is_no_model_is_refused(name: str, loaded: Libraries, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(ConversionError, match=f"{name}: it can't be loaded; it is damaged"):
        load(loaded.keras, path)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("other.txt", "nothing of the kind")
    with pytest.raises(ConversionError, match=f"{name}: it can't be loaded"):
        load(loaded.keras, path)


def test_other_kinds_of_files(loaded: Libraries, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=r"rtscore-convert tensorflow "):
        load(loaded.keras, tmp_path)
    with pytest.raises(ConversionError, match=r"is named \.keras, \.h5"):
        load(loaded.keras, tmp_path / "model.onnx")
    with pytest.raises(FileNotFoundError, match=r"model\.keras"):
        load(loaded.keras, tmp_path / "model.keras")


def save(model: Any, path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras warns of what is tested here
        model.save(path)
