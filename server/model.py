"""One loaded model: its session, warmed up, and the queue before it."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from server import metrics
from server.batcher import Batcher
from server.contract import FaqContract, ImageContract
from server.session import Session
from server.stages import Stages
from server.workers import Workers

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
