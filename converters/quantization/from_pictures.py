"""A variant from pictures: for int8 half of them calibrate; the others tell what it costs."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from converters.progress import progress
from converters.quantization import cost, int8, pictures, ranges
from converters.quantization.calibrate import calibrate
from converters.quantization.fp16 import to_fp16
from converters.quantization.pictures import Picture, Pixels
from converters.quantization.prepare import prepared
from converters.quantization.runner import Runner
from converters.quantization.source import Source
from converters.quantization.variant import PACKAGES, Variant, contract_of
from converters.sample_pictures import sample_pictures
from server.contract import ImageContract

_COMPARED = 16  # pictures
_log = logging.getLogger("rtscore.convert")


@dataclass(frozen=True)
class Request:
    """What is asked for; `about` says what the pictures in `folder` are."""

    folder: Path
    least_agreement: float
    seed: int = 0
    reduce_range: bool = False
    about: str = ""


def make_fp16(source: Source, request: Request) -> Variant:
    """The fp16 variant; raises ConversionError where it costs more than the request allows."""
    evaluating = pictures.find(request.folder)
    cost.refuse_too_few(len(evaluating), request.least_agreement, calibrating=False)
    graph = to_fp16(prepared(source.graph))
    figures = _figures(source, graph, evaluating, request.least_agreement)
    data = {"evaluation_pictures": pictures.digest(evaluating)}
    contract = contract_of(source, "fp16", figures, data, None)
    return Variant(graph, contract, _samples(evaluating, contract))


def make_int8(source: Source, request: Request) -> tuple[Variant, ranges.SavedRanges]:
    """The int8 variant and the ranges that make it again; raises ConversionError as `make_fp16`."""
    found = pictures.find(request.folder)
    cost.refuse_too_few(len(found), request.least_agreement, calibrating=True)
    calibrating, evaluating = pictures.halves(found, request.seed)
    ready = prepared(source.graph)
    batches = _batches("calibrating", calibrating, source.contract)
    measured = calibrate(ready, batches)
    graph = int8.quantise(ready, measured, reduce_range=request.reduce_range)
    figures = _figures(source, graph, evaluating, request.least_agreement)
    data = {
        "calibration_pictures": pictures.digest(calibrating),
        "evaluation_pictures": pictures.digest(evaluating),
    }
    contract = contract_of(source, "int8", figures, data, request.seed)
    saved = ranges.SavedRanges(
        source=source.contract.provenance.source,
        source_sha256=ranges.digest(source.graph),
        graph_sha256=ranges.digest(graph),
        pictures=request.about,
        data_sha256=data,
        seed=request.seed,
        reduce_range=request.reduce_range,
        packages={name: contract.provenance.packages[name] for name in PACKAGES},
        accuracy=figures,
        ranges=measured,
    )
    return Variant(graph, contract, _samples(evaluating, contract)), saved


def _figures(
    source: Source, graph: onnx.ModelProto, evaluating: Sequence[Picture], least: float
) -> dict[str, float]:
    """What `graph` costs; raises ConversionError where that is too much."""
    runner = Runner(graph, optimised=True)
    both = [
        (source.session.run({"image": batch}), runner.run(batch))
        for batch in _batches("evaluating", evaluating, source.contract)
    ]
    ours, theirs = (np.concatenate(part) for part in zip(*both, strict=True))
    found = cost.measure(ours, theirs)
    cost.refuse_a_poor_one(found, least)
    _log.info(
        "the same class first on %d of %d pictures; its probability changes by %.3f on average",
        found.agreed,
        found.pictures,
        found.change,
    )
    return found.figures()


def _batches(what: str, given: Sequence[Picture], contract: ImageContract) -> Iterator[Pixels]:
    return progress(pictures.batches(given, contract), what, pictures.batch_count(given))


def _samples(given: Sequence[Picture], contract: ImageContract) -> list[Pixels]:
    """Some of the pictures, and hard ones."""
    hard = np.split(sample_pictures(contract.height), (1, 4))
    return [*pictures.batches(given[:_COMPARED], contract), *hard]
