"""One loaded model: its session, warmed up, and the batcher before it."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from server import metrics
from server.batcher import Batcher, Runners
from server.contract import FaqContract, ImageContract, Row
from server.cuda import Gpu
from server.errors import StartupError
from server.imagerun import warmed_up
from server.lanes import SIDE_BY_SIDE
from server.session import Probabilities, Session, has_cuda
from server.settings import Settings
from server.tokenizer import MAX_TERMS

# Work under this may run on the event loop: a hop to a thread and back costs as much.
INLINE_SECONDS = 100e-6
# Terms that are looked up at once, and what a token of an encoder counts.
_PART, _TOKEN = 1024, 10

_log = logging.getLogger("rtscore")
ContractT = TypeVar("ContractT", FaqContract, ImageContract)


class Input(BaseModel):
    """One input of the graph."""

    name: str
    type: str
    shape: list[str | int | None]


class ModelInfo(BaseModel):
    """What GET /v1/models says of a model; `labels` is the number of its entries or classes."""

    name: str
    version: str
    task: str
    device: str
    precision: str
    inputs: list[Input]
    labels: int
    accuracy: dict[str, float]


class ModelList(BaseModel):
    """What GET /v1/models answers."""

    models: list[ModelInfo]


@dataclass(frozen=True)
class Model(Generic[ContractT]):
    """What a route needs of its model."""

    name: str
    contract: ContractT
    session: Session
    batcher: Batcher[Any, Any]
    close: Callable[[], None] = lambda: None  # to be called once the batcher has stopped

    @property
    def about(self) -> dict[str, str]:
        """Name and version, as every scored answer carries them."""
        return {"name": self.name, "version": self.session.version}

    def expose(self) -> None:
        """Let the metrics speak of this model."""
        metrics.MODEL_INFO.labels(
            self.name, self.session.version, self.session.device, self.contract.precision
        ).set(1)
        why = {} if self.session.no_cuda is None else {"no_cuda": self.session.no_cuda}
        _log.info(
            "model loaded",
            extra={
                "model": self.name,
                "version": self.session.version,
                "device": self.session.device,
                **why,
            },
        )
        metrics.QUEUE_ROWS.labels(self.name).set_function(lambda: self.batcher.queued_rows)
        metrics.BUSY_RATIO.labels(self.name).set_function(self.batcher.busy.ratio)

    def info(self) -> dict[str, Any]:
        """What GET /v1/models says of it."""
        return {
            "name": self.name,
            "version": self.session.version,
            "task": self.contract.task,
            "device": self.session.device,
            "precision": self.contract.precision,
            "inputs": self.session.inputs,
            "labels": self.contract.outputs,
            "accuracy": self.contract.accuracy,
        }


def load_faq(
    path: Path, settings: Settings, runners: Runners, threads: int = 1
) -> Model[FaqContract]:
    """The FAQ model in `path`; `threads` for one run of an encoder.

    A lexical one has nothing to gain from a GPU or from threads.
    """
    session = Session(path)
    contract = _expect(session.contract, FaqContract, path)
    # Where there may be no CUDA, "auto" needs no second look.
    gpu = settings.device == "cuda" or (settings.device == "auto" and has_cuda())
    if contract.subwords is not None and (gpu or threads != 1):
        session = Session(path, settings.device, threads, Gpu(settings.gpu_memory_mib))
    frequent = _frequent_terms(contract)

    def compute(rows: Sequence[Row]) -> list[Probabilities]:
        return run_faq(session, contract, rows)

    def row(terms: int) -> Row:
        _, tokens = contract.encode("a " * terms)
        return (np.resize(frequent, terms), np.ones(terms, np.float32)), tokens

    with _warming_up(path):
        compute([row(MAX_TERMS)] * settings.max_batch_faq)
    quick = [
        terms
        for terms in (32, 128, 512, MAX_TERMS)
        if _seconds(compute, row(terms)) < INLINE_SECONDS
    ]
    inline_terms = max(quick, default=-1)  # -1: not even a row without known terms
    batcher = Batcher(
        compute,
        runners,
        max_rows=settings.max_batch_faq,
        inline=lambda rows: len(rows) == 1 and len(rows[0][0][0]) <= inline_terms,
        **_queueing("faq", settings),
    )
    return Model("faq", contract, session, batcher)


def _frequent_terms(contract: FaqContract) -> npt.NDArray[np.int64]:
    """Terms of the entries' own questions, which cost what a user's question costs; never none."""
    text = " ".join(entry.question for entry in contract.entries[:100])
    indices, _ = contract.vocabulary.encode(text)
    return indices if len(indices) else np.zeros(1, np.int64)


def run_faq(session: Session, contract: FaqContract, rows: Sequence[Row]) -> list[Probabilities]:
    """Probabilities, float32 [entries] each, of encoded texts."""
    if len(rows) == 1:
        return list(session.run(contract.feeds(rows)))
    found: dict[int, Probabilities] = {}
    for places in parts([_size(row) for row in rows]):
        part = session.run(contract.feeds([rows[place] for place in places]))
        found.update(zip(places, part, strict=True))
    return [found[place] for place in range(len(rows))]


def parts(sizes: Sequence[int]) -> Iterator[list[int]]:
    """The places of `sizes`, like ones together, in parts of at most _PART when padded.

    Padding costs time, and long texts cost memory: a batch of the longest would take gigabytes.
    """
    part: list[int] = []
    for place in sorted(range(len(sizes)), key=sizes.__getitem__):
        if part and (len(part) + 1) * sizes[place] > _PART:
            yield part
            part = []
        part.append(place)
    if part:
        yield part


def _size(row: Row) -> int:
    """Terms of a text, or tokens times what one costs more than a term."""
    (terms, _), tokens = row
    return max(len(terms), 0 if tokens is None else _TOKEN * len(tokens))


def load_image(
    path: Path, settings: Settings, runners: Runners, threads: int
) -> Model[ImageContract]:
    """The image model in `path`, on the device that the settings name, `threads` for one run.

    On a GPU it has runners of its own: with more than one batch ready beside the one that
    computes, rows would leave the queue in small batches, and wait no less.
    """

    def opened(graphs: bool) -> Session:
        gpu = Gpu(settings.gpu_memory_mib, fixed_shapes=True, graphs=graphs)
        session = Session(path, settings.device, threads, gpu)
        _expect(session.contract, ImageContract, path)
        return session

    with _warming_up(path):
        run = warmed_up(opened, settings.max_batch_image)
    closing = ExitStack()
    if run.lanes is not None:
        closing.callback(run.lanes.close)
        runners = Runners(SIDE_BY_SIDE)
        closing.callback(runners.close)
    batcher = Batcher(
        run.compute, runners, max_rows=settings.max_batch_image, **_queueing("image", settings)
    )
    contract = _expect(run.session.contract, ImageContract, path)
    return Model("image", contract, run.session, batcher, closing.close)


def _queueing(name: str, settings: Settings) -> dict[str, Any]:
    """What the batchers of both models are given."""
    return {
        "queue_limit": settings.queue_limit,
        "max_wait": settings.max_wait_ms / 1000,
        "on_batch": metrics.BATCH_ROWS.labels(name).observe,
    }


def _expect(
    contract: FaqContract | ImageContract, wanted: type[ContractT], path: Path
) -> ContractT:
    if not isinstance(contract, wanted):
        raise StartupError(
            f"{path} is a model for the task '{contract.task}'; the settings "
            "RTSCORE_FAQ_MODEL and RTSCORE_IMAGE_MODEL name one file each"
        )
    return contract


@contextmanager
def _warming_up(path: Path) -> Iterator[None]:
    try:
        yield
    except StartupError:
        raise
    except Exception as error:  # ONNX Runtime's own exceptions have no common base
        reason = " ".join(str(error).split())
        raise StartupError(
            f"{path} failed on its first run: {reason}; make it again with rtscore-convert or, "
            "where memory ran out, lower RTSCORE_MAX_BATCH_FAQ or RTSCORE_MAX_BATCH_IMAGE, or "
            "raise RTSCORE_GPU_MEMORY_MIB"
        ) from error


def _seconds(compute: Callable[[list[Any]], object], row: object) -> float:
    """Time of one run on one row, in seconds: the best of some, as other work is going on."""
    times = []
    for _ in range(9):
        start = perf_counter()
        compute([row])
        times.append(perf_counter() - start)
    return min(times)
