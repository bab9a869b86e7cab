"""One loaded model: its session, warmed up, and the queue before it."""

import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from server import faqrun, imagerun, metrics
from server.batcher import Batcher
from server.codec import picture
from server.contract import FaqContract, ImageContract
from server.cuda import Gpu
from server.errors import StartupError
from server.lanes import SIDE_BY_SIDE
from server.pool import Pool
from server.ranking import Ranked
from server.runners import Runners
from server.session import Session, has_cuda
from server.settings import Settings
from server.stages import Stages
from server.workers import Workers

_LONG = 0.03  # seconds of a run; decoding a photo takes 0.003 to 0.03
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
    queue: Batcher[Any, Any] | Workers[Any, Any, Any]
    prepare: Callable[[Any], Awaitable[Any]] | None = None  # a row, before it goes into the queue
    close: Callable[[], None] = lambda: None  # to be called once the queue has stopped

    @property
    def about(self) -> dict[str, str]:
        """Name and version, as every scored answer carries them."""
        return {"name": self.name, "version": self.session.version}

    async def score(self, rows: Sequence[Any], stages: Stages) -> Sequence[Any]:
        """The results of `rows`, which are as the codec gives them; raises what the queue does."""
        if self.prepare is not None:
            with stages.timed("decode"):
                rows = [await self.prepare(row) for row in rows]
        return await self.queue.submit(rows, stages)

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
        metrics.QUEUE_ROWS.labels(self.name).set_function(lambda: self.queue.queued_rows)
        metrics.BUSY_RATIO.labels(self.name).set_function(self.queue.busy.ratio)

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
    with _warming_up(path):
        run = faqrun.warmed_up(session, contract, settings.max_batch_faq)
    batcher = Batcher(
        run.compute,
        runners,
        max_rows=settings.max_batch_faq,
        max_wait=settings.max_wait_ms / 1000,
        inline=run.is_quick,
        **_queueing("faq", settings),
    )
    return Model("faq", contract, session, batcher)


def load_image(
    path: Path, settings: Settings, runners: Runners, decoders: Pool, threads: int
) -> Model[ImageContract]:
    """The image model in `path`, on the device that the settings name.

    On the CPU, in throughput mode, pictures go one by one through threads of their own: as many as
    otherwise decode (in `decoders`) and compute (in `runners`, with `threads` for one run). On a
    GPU it has runners of its own: with more than one batch ready beside the one that computes, rows
    would leave the queue in small batches, and wait no less.
    """

    def opened(graphs: bool) -> Session:
        gpu = Gpu(settings.gpu_memory_mib, fixed_shapes=True, graphs=graphs)
        session = Session(path, settings.device, threads, gpu)
        _expect(session.contract, ImageContract, path)
        return session

    side_by_side = settings.cpu_mode == "throughput"
    with _warming_up(path):
        run = imagerun.warmed_up(
            opened, settings.max_batch_image, 1 if side_by_side else settings.max_batch_image
        )
    contract = _expect(run.session.contract, ImageContract, path)
    decode = partial(
        picture.decode,
        contract=contract,
        max_megapixels=settings.max_megapixels,
        large=BoundedSemaphore(decoders.threads),  # as ever many threads decode
    )

    # Of long runs, which one thread a CPU keeps busy, more would only share the caches.
    long = side_by_side and run.lanes is None and run.seconds() > _LONG
    turn = BoundedSemaphore(runners.count) if long else nullcontext()

    def compute(rows: Sequence[imagerun.Pixels]) -> list[Ranked]:
        with turn:
            return [Ranked.of(row) for row in run.compute(rows)]

    if run.lanes is None and side_by_side:
        threads_in_all = decoders.threads + runners.count
        workers = Workers(
            decode, compute, threads_in_all, runners.count, **_queueing("image", settings)
        )
        return Model("image", contract, run.session, workers)
    closing = ExitStack()
    if run.lanes is not None:
        closing.callback(run.lanes.close)
        runners = Runners(SIDE_BY_SIDE)
        closing.callback(runners.close)
    batcher = Batcher(
        compute,
        runners,
        max_rows=settings.max_batch_image,
        max_wait=settings.max_wait_ms / 1000,
        **_queueing("image", settings),
    )
    return Model(
        "image", contract, run.session, batcher, partial(decoders.run, decode), closing.close
    )


def _queueing(name: str, settings: Settings) -> dict[str, Any]:
    """What every queue is given."""
    return {
        "queue_limit": settings.queue_limit,
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
