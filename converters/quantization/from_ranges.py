"""The int8 variant from a file of ranges: in seconds, and without a picture."""

import hashlib
import logging
from pathlib import Path

import numpy as np

from converters.quantization import int8, ranges
from converters.quantization.prepare import prepared
from converters.quantization.runner import Runner
from converters.quantization.source import Source
from converters.quantization.variant import Variant, contract_of
from converters.sample_pictures import sample_pictures

# What was measured elsewhere holds if the kernels here compute what the graph says node by node, in
# floats. They round otherwise, layer after layer: up to 0.04 was seen on photos.
TOLERANCE = 0.2
_log = logging.getLogger("rtscore.convert")


def make(source: Source, path: Path) -> Variant:
    """The int8 variant by the ranges in `path`, with what was measured as they were made.

    Raises ConversionError where they are those of another graph, or give another one here.
    """
    saved = ranges.read(path)
    ranges.refuse_another_source(path, saved, source.graph)
    graph = int8.quantise(prepared(source.graph), saved.ranges, reduce_range=saved.reduce_range)
    ranges.refuse_another_graph(path, saved, graph)
    _log.info("the graph is the one that was measured: %s", saved.graph_sha256)
    data = {**saved.data_sha256, "ranges": hashlib.sha256(path.read_bytes()).hexdigest()}
    contract = contract_of(source, "int8", saved.accuracy, data, saved.seed)
    batches = np.split(sample_pictures(contract.height), (1, 4))
    samples = Runner(graph, optimised=False).over(batches)
    return Variant(graph, contract, samples, TOLERANCE)
