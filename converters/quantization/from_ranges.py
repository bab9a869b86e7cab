"""The int8 variant from a file of ranges: in seconds, and without a picture."""

import hashlib
import logging
from pathlib import Path

import numpy as np

from converters.quantization import int8, ranges
from converters.quantization.prepare import prepared
from converters.quantization.source import Source
from converters.quantization.variant import Variant, contract_of
from converters.sample_pictures import sample_pictures

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
    return Variant(graph, contract, np.split(sample_pictures(contract.height), (1, 4)))
