"""An image classifier that somebody exported to ONNX, to the model behind POST /v1/classify."""

import argparse
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto

from converters.export import ConversionError
from converters.image import convert as image
from converters.image.source import Floats, Source, by_batch, sha256
from server.session import session_options

HELP = "An image classifier in an ONNX file: puts its preprocessing and labels into it."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the file to read and what is to be said of it."""
    parser.add_argument(
        "model",
        type=Path,
        metavar="MODEL.onnx",
        help="the network; its weights may lie in files beside it",
    )
    image.add_arguments(parser)


def convert(arguments: argparse.Namespace) -> None:
    """Read, check, wrap, compare, write and report; raises ConversionError."""
    started = time.perf_counter()
    image.write(read(arguments.model), arguments, started)


def read(path: Path) -> Source:
    """The network in `path`; raises ConversionError for a file that ONNX Runtime can't run."""
    hashes = {"model": sha256(path)}
    try:
        graph = onnx.load(path, load_external_data=False)
    except Exception as error:  # protobuf's own
        raise ConversionError(f"{path} is not an ONNX file") from error
    for name in sorted(_files(graph)):
        hashes[name] = sha256(path.parent / name)
    predict = _Runtime(path)
    batch = predict.batch()
    onnx.load_external_data_for_model(graph, str(path.parent))
    return Source(
        graph=graph,
        predict=by_batch(predict, batch) if batch else predict,
        description=f"rtscore-convert onnx {path.name}",
        packages=("onnxruntime",),
        data_sha256=hashes,
    )


def _files(graph: onnx.ModelProto) -> set[str]:
    """Names of the files in which the weights lie, beside the file of `graph`."""
    return {
        entry.value
        for weight in graph.graph.initializer
        if weight.data_location == TensorProto.EXTERNAL
        for entry in weight.external_data
        if entry.key == "location"
    }


class _Runtime:
    """The file as it is, in ONNX Runtime: float32 rows in, float32 rows out."""

    def __init__(self, path: Path) -> None:
        try:
            self._session = ort.InferenceSession(
                path, session_options(), providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime's own exceptions have no common base
            reason = " ".join(str(error).split())[:300]
            raise ConversionError(f"ONNX Runtime can't run {path}: {reason}") from error

    def batch(self) -> int | None:
        """The number of rows that it takes, None for any."""
        shape = self._session.get_inputs()[0].shape
        return shape[0] if shape and isinstance(shape[0], int) else None

    def __call__(self, rows: Floats) -> Floats:
        value = self._session.get_inputs()[0]
        found = self._session.run(None, {value.name: rows.astype(_DTYPES[value.type])})[0]
        return np.asarray(found, np.float32)


_DTYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(uint8)": np.uint8}
