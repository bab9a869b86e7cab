"""The smallest and largest value of every activation of a graph, over pictures."""

import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx

from converters.quantization.int8 import OPERATORS
from converters.quantization.pictures import Pixels
from converters.quantization.ranges import Ranges
from server.session import Feeds


def calibrate(graph: onnx.ModelProto, batches: Iterable[Pixels]) -> Ranges:
    """The range of each activation of a prepared `graph`, by its name: all that was seen.

    Cutting rare extremes off, by percentile or entropy, was no better on photos, and slower.
    """
    from onnxruntime.quantization import create_calibrator  # after server.session

    with tempfile.TemporaryDirectory(prefix="calibrate-") as folder:
        model = Path(folder, "model.onnx")
        onnx.save(graph, model)
        augmented = str(Path(folder, "augmented.onnx"))
        calibrator = create_calibrator(model, OPERATORS, augmented_model_path=augmented)
        for batch in batches:
            calibrator.collect_data(_Once({"image": batch}))
        found = calibrator.compute_data()
    return {
        name: (_shortest(found[name].lowest), _shortest(found[name].highest))
        for name in sorted(found.keys())
    }


def _shortest(value: npt.NDArray[np.float32]) -> float:
    """The same float32, with the fewest digits that tell it: a file of ranges is read by people."""
    return float(str(np.float32(value.item())))


class _Once:
    """A data reader with one batch."""

    def __init__(self, feeds: Feeds) -> None:
        self._feeds: Feeds | None = feeds

    def get_next(self) -> Feeds | None:
        feeds, self._feeds = self._feeds, None
        return feeds
