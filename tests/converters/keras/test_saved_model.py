from pathlib import Path
from typing import Any

import numpy as np
import pytest

from converters.export import ConversionError
from converters.keras import saved_model
from converters.keras.libraries import Libraries


@pytest.fixture(scope="module")
def folder(loaded: Libraries, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SavedModel with four signatures."""
    tensorflow = loaded.tensorflow

    class Module(tensorflow.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            self.factors = tensorflow.Variable([1.0, 2.0, 3.0])

        @tensorflow.function(autograph=False)  # type: ignore[untyped-decorator]
        def colours(self, pixels: Any) -> Any:
            return {"scores": tensorflow.reduce_mean(pixels, [1, 2]) * self.factors}

        @tensorflow.function(autograph=False)  # type: ignore[untyped-decorator]
        def twice(self, pixels: Any) -> Any:
            return {"one": pixels[:, 0, 0], "two": pixels[:, 1, 1]}

        @tensorflow.function(autograph=False)  # type: ignore[untyped-decorator]
        def both(self, left: Any, right: Any) -> Any:
            return {"scores": (left + right)[:, 0, 0]}

    module = Module()
    picture = tensorflow.TensorSpec([None, 8, 8, 3], tensorflow.float32)
    unknown = tensorflow.TensorSpec(None, tensorflow.float32)
    path = tmp_path_factory.mktemp("saved")
    signatures = {
        "serving_default": module.colours.get_concrete_function(picture),
        "shapeless": module.colours.get_concrete_function(unknown),
        "twice": module.twice.get_concrete_function(picture),
        "both": module.both.get_concrete_function(picture, picture),
    }
    tensorflow.saved_model.save(module, path, signatures=signatures)
    return path


@pytest.mark.parametrize(
    ("name", "shape"), [(None, (None, 8, 8, 3)), ("serving_default", (None, 8, 8, 3))]
)
def test_a_signature_is_a_function_of_a_picture(
    name: str | None, shape: Any, folder: Path, loaded: Libraries
) -> None:
    signature = saved_model.load(loaded.tensorflow, folder, name)
    assert signature.shape == shape
    assert signature.dtype == loaded.tensorflow.float32
    pictures = np.ones((2, 8, 8, 3), np.float32)
    (scores,) = loaded.tensorflow.nest.flatten(signature.network(pictures))
    assert scores.numpy().tolist() == [[1, 2, 3]] * 2


def test_a_shape_may_be_unknown(folder: Path, loaded: Libraries) -> None:
    assert saved_model.load(loaded.tensorflow, folder, "shapeless").shape is None


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("predict", r"no signature 'predict'; .* both, serving_default, shapeless, twice"),
        ("twice", "'twice' has to have one output and has: one, two"),
        ("both", "'both' has to have one input and has: left, right"),
    ],
)
def test_others_are_refused(name: str, message: str, folder: Path, loaded: Libraries) -> None:
    with pytest.raises(ConversionError, match=message):
        saved_model.load(loaded.tensorflow, folder, name)


def test_what_is_no_saved_model_is_refused(loaded: Libraries, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=r"no saved_model.pb in it"):
        saved_model.load(loaded.tensorflow, tmp_path, None)
    (tmp_path / "saved_model.pb").write_bytes(b"nothing of the kind")
    with pytest.raises(ConversionError, match="it can't be loaded"):
        saved_model.load(loaded.tensorflow, tmp_path, None)


def test_a_model_without_signatures_is_told_how_to_export(
    loaded: Libraries, tmp_path: Path
) -> None:
    loaded.tensorflow.saved_model.save(loaded.tensorflow.Module(), tmp_path)
    with pytest.raises(ConversionError, match=r"are: none: export it with model.export"):
        saved_model.load(loaded.tensorflow, tmp_path, None)


def test_the_digest_depends_on_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "variables").mkdir()
    (tmp_path / "variables" / "data").write_bytes(b"1")
    first = saved_model.sha256(tmp_path)
    assert first == saved_model.sha256(tmp_path)
    (tmp_path / "variables" / "data").rename(tmp_path / "data")
    second = saved_model.sha256(tmp_path)
    (tmp_path / "data").write_bytes(b"2")
    assert len({first, second, saved_model.sha256(tmp_path)}) == 3
