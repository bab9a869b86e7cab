"""A whole Keras model in a .keras or .h5 file."""

from pathlib import Path
from typing import Any

from converters.export import ConversionError
from converters.keras.libraries import line

SUFFIXES = (".keras", ".h5", ".hdf5")


def load(keras: Any, path: Path) -> Any:
    """The Keras model in `path`, for inference. No code that stands in the file is run.

    Raises ConversionError for a file without a model, a damaged one, and one that needs code.
    """
    if path.is_dir():
        raise ConversionError(
            f"{path} is a folder; a SavedModel is converted with: rtscore-convert tensorflow {path}"
        )
    if path.suffix not in SUFFIXES:
        raise ConversionError(f"{path}: a Keras model's file is named {', '.join(SUFFIXES)}")
    with path.open("rb"):
        pass  # what is missing or closed to us is said as for any other file
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # by format and damage: ValueError, TypeError, KeyError, OSError
        raise ConversionError(f"{path}: {_remedy(error)} ({line(error)})") from error


def _remedy(error: Exception) -> str:
    said = str(error).lower()
    if "lambda" in said:
        return (
            "there is a Lambda layer in it, whose code Keras' safe mode does not run; put a layer "
            "of Keras in its place (Rescaling, Normalization, ...) and save the model again"
        )
    if "could not locate" in said or "unknown layer" in said:
        return (
            "there is a class or function of your own in it, whose code is not in the file; "
            "rebuild the model with layers of Keras alone, or export it with model.export(FOLDER) "
            "and run: rtscore-convert tensorflow FOLDER"
        )
    if "no model config" in said or "model_config" in said:
        return (
            "there are only weights in it; save the whole model with model.save, or, for a "
            "network of keras.applications, give --application NAME --weights FILE"
        )
    return "it can't be loaded; it is damaged, no Keras model, or made with another version"
