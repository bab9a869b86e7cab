"""A Keras network, a file or one of keras.applications, to the model behind POST /v1/classify."""

import argparse
import logging
import time
from pathlib import Path
from typing import Any

import numpy as np

from converters.arguments import positive
from converters.export import ConversionError
from converters.image import convert as image
from converters.image.preprocessing import PRESETS
from converters.image.source import Floats, Pictures, Source, sha256
from converters.keras import applications, files, libraries, weights
from converters.keras.graph import to_onnx
from converters.keras.libraries import Libraries
from converters.keras.pixels import takes_bytes
from converters.keras.probe import probe
from converters.keras.traced import Traced, trace

HELP = "An image classifier of Keras: a .keras or .h5 file, or one of keras.applications."
_log = logging.getLogger("rtscore.convert")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the model to read and what is to be said of it."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "model", nargs="?", type=Path, metavar="MODEL.keras", help="a whole model: .keras or .h5"
    )
    which.add_argument(
        "--application",
        metavar="NAME",
        help="a network of keras.applications, for example ResNet152, with its own preprocessing",
    )
    parser.add_argument(
        "--weights",
        metavar="WEIGHTS",
        help="of the application: imagenet, which Keras downloads (the default), none for random "
        "ones, or a file that save_weights wrote",
    )
    parser.add_argument(
        "--classes",
        type=positive,
        metavar="N",
        help=f"number of the application's classes (default: {weights.CLASSES})",
    )
    image.add_arguments(parser)


def convert(arguments: argparse.Namespace) -> None:
    """Read, check, wrap, compare, write and report; raises ConversionError."""
    started = time.perf_counter()
    if arguments.model and (arguments.weights or arguments.classes):
        raise ConversionError("--weights and --classes are for --application NAME")
    loaded = libraries.load()
    if arguments.application:
        source = _read_application(loaded, arguments)
        if arguments.softmax == "auto":  # the application has one, whatever its answers look like
            arguments.softmax = "none"
    else:
        source = _read_file(loaded, arguments)
    image.write(source, arguments, started)


def _read_application(loaded: Libraries, arguments: argparse.Namespace) -> Source:
    application = applications.find(loaded.keras, arguments.application)
    which = arguments.weights or "imagenet"
    classes = arguments.classes or weights.CLASSES
    model = weights.build(loaded.keras, application, which, arguments.size, classes)
    name = Path(which).name
    if which == "none":
        _log.warning("%s: its weights are random, and so are its answers", application.name)
    hashes = {"weights": weights.sha256(model)} if which == "imagenet" else {}
    if which not in ("imagenet", "none"):
        hashes = {"weights": sha256(Path(which))}
    traced = _traced(loaded, model, arguments)

    def preprocess(pictures: Pictures) -> Floats:
        return np.asarray(application.preprocess(pictures.astype(np.float32)), np.float32)

    return Source(
        graph=to_onnx(loaded.tensorflow, traced.function),
        predict=traced.predict,
        description=f"rtscore-convert keras --application {application.name} --weights {name}",
        packages=libraries.packages(),
        data_sha256=hashes,
        preprocessing=probe(application.preprocess, traced.entry.height),
        preprocess=preprocess,
    )


def _read_file(loaded: Libraries, arguments: argparse.Namespace) -> Source:
    path = arguments.model
    model = files.load(loaded.keras, path)
    traced = _traced(loaded, model, arguments)
    inside = takes_bytes(loaded.keras, model)
    if inside:
        _log.info("%s scales its pixels itself: it is given them from 0 to 255", path)
    return Source(
        graph=to_onnx(loaded.tensorflow, traced.function),
        predict=traced.predict,
        description=f"rtscore-convert keras {path.name}",
        packages=libraries.packages(),
        data_sha256={"model": sha256(path)},
        preprocessing=PRESETS["none"] if inside else None,
    )


def _traced(loaded: Libraries, model: Any, arguments: argparse.Namespace) -> Traced:
    for what in ("inputs", "outputs"):
        tensors = getattr(model, what, None) or []
        if len(tensors) != 1:
            named = ", ".join(tensor.name for tensor in tensors) or "none that it knows"
            raise ConversionError(
                f"the network has to have one of its {what}, and has {named}: make a keras.Model "
                "of the picture and the scores alone, and save that"
            )
    (entry,) = model.inputs
    return trace(
        loaded.tensorflow,
        lambda pictures: model(pictures, training=False),
        entry.shape,
        loaded.tensorflow.as_dtype(entry.dtype),
        layout=arguments.layout,
        size=arguments.size,
    )
