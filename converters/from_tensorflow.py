"""A TensorFlow SavedModel to the model behind POST /v1/classify."""

import argparse
import time
from pathlib import Path

from converters.image import convert as image
from converters.image.source import Source
from converters.keras import libraries, saved_model
from converters.keras.graph import to_onnx
from converters.keras.traced import trace

HELP = "An image classifier in a TensorFlow SavedModel."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the folder to read and what is to be said of the network."""
    parser.add_argument(
        "model", type=Path, metavar="FOLDER", help="the SavedModel: a folder with saved_model.pb"
    )
    parser.add_argument(
        "--signature",
        metavar="NAME",
        help=f"which of its functions to convert (default: {saved_model.DEFAULT})",
    )
    image.add_arguments(parser)


def convert(arguments: argparse.Namespace) -> None:
    """Read, check, wrap, compare, write and report; raises ConversionError."""
    started = time.perf_counter()
    image.write(_read(arguments), arguments, started)


def _read(arguments: argparse.Namespace) -> Source:
    tensorflow = libraries.load().tensorflow
    signature = saved_model.load(tensorflow, arguments.model, arguments.signature)
    traced = trace(
        tensorflow,
        signature.network,
        signature.shape,
        signature.dtype,
        layout=arguments.layout,
        size=arguments.size,
    )
    return Source(
        graph=to_onnx(tensorflow, traced.function),
        predict=traced.predict,
        description=f"rtscore-convert tensorflow {arguments.model.resolve().name}",
        packages=libraries.packages(),
        data_sha256={"model": saved_model.sha256(arguments.model)},
    )
