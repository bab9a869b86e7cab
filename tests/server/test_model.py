"""What a route has of its model."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from server import metrics
from server.batcher import Batcher
from server.contract import FaqContract
from server.model import Model, ModelInfo
from server.runners import Runners
from server.session import Session
from server.stages import Stages
from tests.tiny import faq_contract, faq_graph, stamped, write


def doubled(rows: Sequence[int]) -> list[int]:
    return [2 * row for row in rows]


async def one_more(row: int) -> int:
    return row + 1


@pytest.fixture
async def model(tmp_path: Path) -> AsyncIterator[Model[FaqContract]]:
    """One whose queue doubles numbers."""
    session = Session(write(tmp_path, stamped(faq_graph(), faq_contract())))
    assert isinstance(session.contract, FaqContract)
    runners = Runners(1)
    batcher = Batcher(doubled, runners, max_rows=2, queue_limit=9)
    batcher.start()
    yield Model("faq", session.contract, session, batcher)
    await batcher.stop()
    runners.close()


async def test_rows_are_scored_in_their_order(model: Model[FaqContract]) -> None:
    stages = Stages()
    assert await model.score([1, 2, 3], stages) == [2, 4, 6]
    assert list(stages.seconds) == ["queue", "infer"]


async def test_rows_are_prepared_first_where_the_queue_needs_it(
    model: Model[FaqContract],
) -> None:
    stages = Stages()
    prepared = Model("faq", model.contract, model.session, model.queue, one_more)
    assert await prepared.score([1, 2, 3], stages) == [4, 6, 8]
    assert list(stages.seconds) == ["decode", "queue", "infer"]


async def test_it_tells_what_it_is(model: Model[FaqContract]) -> None:
    info = ModelInfo.model_validate(model.info())
    assert (info.name, info.task, info.device, info.precision) == ("faq", "faq", "cpu", "fp32")
    assert info.labels == len(model.contract.entries)
    assert model.about == {"name": "faq", "version": model.session.version}


async def test_the_metrics_speak_of_it(model: Model[FaqContract]) -> None:
    metrics.start_at_zero([], ["faq"])
    model.expose()
    labels = {"model": "faq", "version": model.session.version, "device": "cpu"}
    found = REGISTRY.get_sample_value("rtscore_model_info", {**labels, "precision": "fp32"})
    assert found == 1
    assert REGISTRY.get_sample_value("rtscore_queue_rows", {"model": "faq"}) == 0
    assert await model.score([1], Stages()) == [2]
    assert REGISTRY.get_sample_value("rtscore_busy_ratio", {"model": "faq"}) == pytest.approx(
        model.queue.busy.ratio(), abs=0.01
    )
    metrics.start_at_zero([], [])
