"""Loads the models: session, warm-up, and the queue that fits device and settings."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any, TypeVar

from server import faqrun, imagerun, metrics
from server.batcher import Batcher
from server.codec import picture
from server.contract import FaqContract, ImageContract
from server.cuda import Gpu
from server.errors import StartupError
from server.lanes import SIDE_BY_SIDE
from server.model import Model
from server.pool import Pool
from server.ranking import Ranked
from server.runners import Runners
from server.session import Probabilities, Session, has_cuda
from server.settings import Settings
from server.workers import Workers

ContractT = TypeVar("ContractT", FaqContract, ImageContract)


def load_faq(
    path: Path, settings: Settings, runners: Runners, threads: int = 1
) -> Model[FaqContract]:
    """The FAQ model in `path`; `threads` for one run of an encoder.

    A lexical one has nothing to gain from a GPU or from threads. Raises StartupError.
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
        inline=run.is_quick,
        **_batching("faq", settings),
    )
    return Model("faq", contract, session, batcher)


def load_image(
    path: Path, settings: Settings, runners: Runners, decoders: Pool, threads: int
) -> Model[ImageContract]:
    """The image model in `path`, on the device that the settings name.

    On the CPU, in throughput mode, pictures go one by one through threads of their own: as many as
    otherwise decode (in `decoders`) and compute (in `runners`, with `threads` for one run). Raises
    StartupError.
    """
    run = _image_run(path, settings, threads)
    contract = _expect(run.session.contract, ImageContract, path)
    decode = partial(
        picture.decode,
        contract=contract,
        max_megapixels=settings.max_megapixels,
        large=BoundedSemaphore(decoders.threads),  # as ever many threads decode
    )
    if run.lanes is not None or settings.cpu_mode == "latency":
        batcher, close = _image_batcher(run, settings, runners)
        return Model("image", contract, run.session, batcher, partial(decoders.run, decode), close)
    workers = Workers(
        decode,
        _ranked(run.at_most(runners.count)),
        threads=decoders.threads + runners.count,
        cpus=runners.count,
        **_queueing("image", settings),
    )
    return Model("image", contract, run.session, workers)


def _image_run(path: Path, settings: Settings, threads: int) -> imagerun.ImageRun:
    def opened(graphs: bool) -> Session:
        gpu = Gpu(settings.gpu_memory_mib, fixed_shapes=True, graphs=graphs)
        session = Session(path, settings.device, threads, gpu)
        _expect(session.contract, ImageContract, path)
        return session

    most = settings.max_batch_image
    most_on_cpu = 1 if settings.cpu_mode == "throughput" else most
    with _warming_up(path):
        return imagerun.warmed_up(opened, most, most_on_cpu)


def _image_batcher(
    run: imagerun.ImageRun, settings: Settings, runners: Runners
) -> tuple[Batcher[imagerun.Pixels, Ranked], Callable[[], None]]:
    """A batcher, and what to call once it has stopped.

    On a GPU it has runners of its own: with more than one batch ready beside the one that computes,
    rows would leave the queue in small batches, and wait no less.
    """
    closing = ExitStack()
    if run.lanes is not None:
        closing.callback(run.lanes.close)
        runners = Runners(SIDE_BY_SIDE)
        closing.callback(runners.close)
    compute, most = _ranked(run.compute), settings.max_batch_image
    batcher = Batcher(compute, runners, max_rows=most, **_batching("image", settings))
    return batcher, closing.close


def _ranked(
    compute: Callable[[Sequence[imagerun.Pixels]], list[Probabilities]],
) -> Callable[[Sequence[imagerun.Pixels]], list[Ranked]]:
    return lambda rows: [Ranked.of(row) for row in compute(rows)]


def _batching(name: str, settings: Settings) -> dict[str, Any]:
    """What every batcher is given."""
    return {"max_wait": settings.max_wait_ms / 1000, **_queueing(name, settings)}


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
