"""A network of keras.applications with its weights."""

import hashlib
import itertools
import logging
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from converters.export import ConversionError
from converters.keras.applications import Application
from converters.keras.libraries import line

CLASSES = 1000  # those of ImageNet
_SIZE = 224  # of the few that take pictures of any size; they were trained on this one
_SEED = 0
_log = logging.getLogger("rtscore.convert")


def build(
    keras: Any, application: Application, weights: str, size: int | None, classes: int
) -> Any:
    """The network as a Keras model, softmax at its end, for `size` x `size` pixels.

    `weights` is `imagenet` (downloaded, or found where Keras keeps them), `none` (random, always
    the same) or a file. Without `size`, it is the one that the network was trained on. Raises
    ConversionError where the weights can't be had or don't fit.
    """
    named = weights in ("imagenet", "none")
    if not named:
        _check(keras, application, Path(weights))
    keras.utils.set_random_seed(_SEED)
    source = "imagenet" if weights == "imagenet" else None
    model = _made(application, source, size, classes)
    if None in model.input_shape[1:]:
        model = _made(application, source, _SIZE, classes)
    if not named:
        _load(model, application, Path(weights))
    return model


def _made(application: Application, weights: str | None, size: int | None, classes: int) -> Any:
    shape = (size, size, 3) if size else None
    try:
        return application.network(weights=weights, input_shape=shape, classes=classes)
    except ValueError as error:
        raise ConversionError(f"{application.name}: {line(error)}") from error
    except Exception as error:  # Keras raises a plain Exception where a download fails
        if weights is None:
            raise
        raise ConversionError(
            f"the ImageNet weights of {application.name} can't be downloaded ({line(error)}); "
            f"put the file of that name into {_kept()}, where Keras keeps them, and run it "
            "again; or give it as --weights FILE"
        ) from error


def _kept() -> Path:
    return Path(os.environ.get("KERAS_HOME", "~/.keras"), "models")


def _check(keras: Any, application: Application, path: Path) -> None:
    """EfficientNet, the first version, has a layer more with Keras' own weights than with others.

    A file of weights does not say which of the two it is for.
    """
    module = sys.modules[application.network.__module__]
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, partial(hashlib.md5, usedforsecurity=False)).hexdigest()
    if module.__name__ != keras.applications.EfficientNetB0.__module__:
        return
    if digest in itertools.chain(*module.WEIGHTS_HASHES.values()):
        raise ConversionError(
            f"{path}: these are Keras' own ImageNet weights, with which Keras builds "
            f"{application.name} otherwise; put the file into {_kept()} and give "
            "--weights imagenet"
        )
    _log.warning(
        "%s has one scaling layer more in Keras if its weights are Keras' own for ImageNet; if "
        "yours were trained from those, save the whole model as .keras and convert that",
        application.name,
    )


def _load(model: Any, application: Application, path: Path) -> None:
    try:
        model.load_weights(path)
    except Exception as error:  # by format: ValueError, TypeError, KeyError, OSError, ...
        raise ConversionError(
            f"{path}: these are no weights of {application.name} with "
            f"{model.output_shape[-1]} classes ({line(error)}); another number of classes is given "
            "with --classes, and a whole model is converted without --application"
        ) from error


def sha256(model: Any) -> str:
    """The digest of all variables of `model`, in its order."""
    digest = hashlib.sha256()
    for variable in model.variables:
        digest.update(np.asarray(variable).tobytes())
    return digest.hexdigest()
