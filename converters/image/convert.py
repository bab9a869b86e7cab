"""From a source's network to the served file: checked, wrapped, compared, written, reported."""

import argparse
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx

from converters.export import ConversionError, Parity, export, provenance
from converters.image import batch_axis, options, outputs
from converters.image.inputs import find_input
from converters.image.labels import IMAGENET, find_labels
from converters.image.network import Network
from converters.image.pictures import built_in, photos
from converters.image.preprocessing import Preprocessing
from converters.image.source import Floats, Pictures, Source, sha256
from converters.image.wrap import wrap
from server.contract import ImageContract
from server.errors import StartupError
from server.session import Feeds, Probabilities

TOLERANCE = 1e-4
Asked = list[tuple[Pictures, Floats]]
_log = logging.getLogger("rtscore.convert")

add_arguments = options.add_arguments
check_preprocessing = options.check_preprocessing


def write(source: Source, arguments: argparse.Namespace, started: float | None = None) -> None:
    """Write the file that `arguments` name, and report on stderr; the source's graph is used up.

    `started` is when the command began, by time.perf_counter. Raises ConversionError where
    something has to be said by the user, or the graph gives other probabilities than the source.
    """
    started = time.perf_counter() if started is None else started
    own = source.preprocessing
    entry = find_input(
        source.graph.graph, arguments.layout, arguments.size, own.height if own else None
    )
    preprocessing = options.choose_preprocessing(own, entry, arguments)
    network = Network(source, entry, preprocessing)
    operator = outputs.last_operator(source.graph.graph)
    asked = [(pictures, network.ask(pictures)) for pictures in built_in(entry.height)]
    network.refuse_neighbours(*asked[1])
    found = np.concatenate([rows for _, rows in asked])
    softmax = outputs.needs_softmax(found, operator, arguments.softmax)
    contract = _contract(source, arguments, preprocessing, found.shape[1])
    graph = wrap(source.graph, entry, preprocessing, found.shape[1], softmax)
    samples = _Samples(network, asked, contract, arguments.images, softmax)
    try:
        parity = export(graph, contract, arguments.output, samples, tolerance=TOLERANCE)
    except (ConversionError, StartupError) as error:
        if entry.batch is None:
            raise
        raise _kept(entry.batch, graph, error) from error
    outputs.warn_of_sameness(np.concatenate(samples.expected))
    _report(arguments.output, contract, parity, time.perf_counter() - started)


class _Samples:
    """Inputs of the graph with the source's probabilities: first those `asked`, then photos."""

    def __init__(
        self,
        network: Network,
        asked: Asked,
        contract: ImageContract,
        folder: Path | None,
        softmax: bool,
    ) -> None:
        self._network = network
        self._asked = asked
        self._contract = contract
        self._folder = folder
        self._softmax = softmax
        self.expected: list[Floats] = []

    def __iter__(self) -> Iterator[tuple[Feeds, Probabilities]]:
        for pictures, rows in self._pictures():
            self.expected.append(outputs.softmax(rows) if self._softmax else rows)
            yield {"image": pictures}, self.expected[-1]

    def _pictures(self) -> Iterator[tuple[Pictures, Floats]]:
        yield from self._asked
        for pictures in photos(self._contract, self._folder) if self._folder else ():
            yield pictures, self._network.ask(pictures)


def _kept(batch: int, graph: onnx.ModelProto, error: Exception) -> ConversionError:
    return ConversionError(
        f"{error}; the network was exported for batches of {batch}, and "
        f"{batch_axis.keeper(graph) or 'something'} in it keeps to that: export it with a free "
        "batch axis"
    )


def _contract(
    source: Source, arguments: argparse.Namespace, preprocessing: Preprocessing, classes: int
) -> ImageContract:
    hashes = dict(source.data_sha256)
    if arguments.labels not in (None, IMAGENET):
        hashes["labels"] = sha256(Path(arguments.labels))
    return ImageContract(
        height=preprocessing.height,
        width=preprocessing.width,
        crop=preprocessing.crop,
        resample=preprocessing.resample,
        labels=find_labels(arguments.labels, classes),
        provenance=provenance(
            source=f"{source.description}; {preprocessing}",
            packages=sorted({*source.packages, "numpy", "onnx"}),
            data_sha256=hashes,
        ),
    )


def _report(path: Path, contract: ImageContract, parity: Parity, seconds: float) -> None:
    _log.info(
        "%s: %d classes, %d x %d pixels, %.1f MB in %.1f s; largest difference from the source "
        "model %.1e over %d pictures",
        path,
        contract.outputs,
        contract.height,
        contract.width,
        parity.bytes_written / 1e6,
        seconds,
        parity.largest_difference,
        parity.rows,
    )
