"""TensorFlow and Keras: imported when a conversion needs them, and quiet."""

import contextlib
import importlib.metadata
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from converters.export import ConversionError


@dataclass(frozen=True)
class Libraries:
    """The modules `tensorflow` and `keras`."""

    tensorflow: Any
    keras: Any


def load() -> Libraries:
    """Import both, with tf2onnx; they compute on the CPU and log nothing.

    Raises ConversionError where one of them is not installed.
    """
    # Both are read at import and never again.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    try:
        with warnings.catch_warnings(), _stderr_closed():
            warnings.simplefilter("ignore")
            import keras
            import tensorflow
            import tf2onnx

            tensorflow.zeros(1)  # what the first operation says
    except ImportError as error:
        raise ConversionError(
            f"Keras and TensorFlow, which read the model, can't be imported ({error}); "
            "run: pip install 'rtscore[keras]'"
        ) from error
    for name in ("absl", "tensorflow", tf2onnx.__name__):  # their errors are raised as well
        logging.getLogger(name).setLevel(logging.CRITICAL)
    tensorflow.config.set_visible_devices([], "GPU")  # where products are rounded to TF32
    keras.config.set_image_data_format("channels_last")  # the one that TensorFlow has on a CPU
    return Libraries(tensorflow, keras)


@contextlib.contextmanager
def _stderr_closed() -> Iterator[None]:
    """TensorFlow's C++ writes there while it is imported, whatever log level is set."""
    sys.stderr.flush()
    kept, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(null)


def packages() -> tuple[str, ...]:
    """What a conversion depends on, by the names under which it is installed."""
    (tensorflow, *_) = importlib.metadata.packages_distributions()["tensorflow"]
    return ("keras", "numpy", "onnx", tensorflow, "tf2onnx")


def line(error: Exception) -> str:
    """What a library's error says, in one line of at most 300 characters."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]
