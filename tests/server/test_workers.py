"""Rows that go one by one, each on one thread to its end."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence

import pytest
from prometheus_client import CollectorRegistry, Histogram

from server.errors import BadRequest, Overloaded, ShuttingDown
from server.stages import Stages
from server.workers import Workers

PATIENCE = 10


class Model:
    """Prepares a text by making it upper case and computes its length; a gate holds "wait" up."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.begun = threading.Semaphore(0)
        self.prepared: list[str] = []
        self.threads: set[tuple[str, str]] = set()

    def prepare(self, row: str) -> str:
        self.prepared.append(row)
        if row == "bad":
            raise BadRequest("This is no picture.")
        if row == "wait":
            self.begun.release()
            assert self.gate.wait(PATIENCE)
        self._thread = threading.current_thread().name
        return row.upper()

    def compute(self, rows: Sequence[str]) -> list[str]:
        if rows == ["BROKEN"]:
            raise ZeroDivisionError("no number")
        if rows == ["EXIT"]:
            raise SystemExit
        if rows == ["TWO"]:
            return ["one", "two"]
        self.threads.add((self._thread, threading.current_thread().name))
        return [f"{row} {len(row)}" for row in rows]

    async def waiting(self, count: int = 1) -> None:
        """Wait until `count` more rows are held up."""
        for _ in range(count):
            assert await asyncio.to_thread(self.begun.acquire, timeout=PATIENCE)


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
async def workers(model: Model) -> AsyncIterator[Workers[str, str, str]]:
    """Two threads, and room for two rows that wait."""
    made = Workers(model.prepare, model.compute, 2, 2, queue_limit=2)
    made.start()
    yield made
    model.gate.set()
    await made.stop()


def calls(workers: Workers[str, str, str], *rows: str) -> list[asyncio.Task[Sequence[str]]]:
    """Calls of a row each, at once."""
    return [asyncio.create_task(workers.submit([row], Stages())) for row in rows]


async def test_a_row_is_prepared_and_computed_on_one_thread(
    model: Model, workers: Workers[str, str, str]
) -> None:
    stages = Stages()
    assert await workers.submit(["one"], stages) == ["ONE 3"]
    assert list(stages.seconds) == ["decode", "queue", "infer"]
    assert all(0 <= seconds < 1 for seconds in stages.seconds.values())
    ((prepared_on, computed_on),) = model.threads
    assert prepared_on == computed_on
    assert prepared_on.startswith("rtscore-model")


async def test_the_stages_are_where_the_time_went(
    model: Model, workers: Workers[str, str, str]
) -> None:
    stages = [Stages() for _ in range(3)]
    waiting = [asyncio.create_task(workers.submit(["wait"], one)) for one in stages]
    await model.waiting(2)
    await asyncio.sleep(0.05)
    model.gate.set()
    await asyncio.gather(*waiting)
    first, last = stages[0].seconds, stages[2].seconds
    assert first["decode"] >= 0.05 > first["queue"]
    assert last["queue"] >= 0.05 > last["decode"]


async def test_as_many_run_side_by_side_as_there_are_threads(
    model: Model, workers: Workers[str, str, str]
) -> None:
    tasks = calls(workers, "wait", "wait", "next", "last")
    await model.waiting(2)
    assert model.prepared == ["wait", "wait"]
    assert workers.queued_rows == 2
    assert 0 < workers.busy.ratio() <= 1
    model.gate.set()
    found = await asyncio.gather(*tasks)
    assert found == [["WAIT 4"], ["WAIT 4"], ["NEXT 4"], ["LAST 4"]]
    assert sorted(model.prepared[2:]) == ["last", "next"]
    assert workers.queued_rows == 0


async def test_a_full_queue_answers_at_once(model: Model, workers: Workers[str, str, str]) -> None:
    tasks = calls(workers, "wait", "wait", "next", "last")
    await model.waiting(2)
    with pytest.raises(Overloaded, match="2 calls are waiting and at most 2 may"):
        workers.submit(["more"], Stages()).send(None)  # without a single turn of the loop
    model.gate.set()
    await asyncio.gather(*tasks)
    assert await workers.submit(["more"], Stages()) == ["MORE 4"]


async def test_a_cancelled_row_that_waits_is_not_computed(
    model: Model, workers: Workers[str, str, str]
) -> None:
    tasks = calls(workers, "wait", "wait", "gone", "last")
    await model.waiting(2)
    tasks[2].cancel()
    with pytest.raises(asyncio.CancelledError):
        await tasks[2]
    assert workers.queued_rows == 1
    model.gate.set()
    assert await tasks[3] == ["LAST 4"]
    assert "gone" not in model.prepared


async def test_a_cancelled_row_that_runs_harms_no_other(
    model: Model, workers: Workers[str, str, str]
) -> None:
    tasks = calls(workers, "wait", "wait", "next")
    await model.waiting(2)
    tasks[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await tasks[0]
    assert workers.queued_rows == 1  # its thread is not free yet
    model.gate.set()
    assert await asyncio.gather(*tasks[1:]) == [["WAIT 4"], ["NEXT 4"]]


async def test_stopping_waits_for_a_cancelled_row_that_runs(
    model: Model, workers: Workers[str, str, str]
) -> None:
    (task,) = calls(workers, "wait")
    await model.waiting()
    task.cancel()
    await asyncio.wait([task])
    stopping = asyncio.create_task(workers.stop())
    await asyncio.sleep(0.05)
    assert not stopping.done()
    model.gate.set()
    await asyncio.wait_for(stopping, PATIENCE)


async def test_the_stages_of_what_fails_are_known_as_far_as_it_came(
    workers: Workers[str, str, str],
) -> None:
    stages = Stages()
    with pytest.raises(BadRequest):
        await workers.submit(["bad"], stages)
    assert list(stages.seconds) == ["decode", "queue"]


async def test_threads_that_share_a_cpu_are_busy_together(model: Model) -> None:
    workers = Workers(model.prepare, model.compute, 2, 1, queue_limit=2)
    tasks = calls(workers, "wait", "wait")
    await model.waiting(2)
    await asyncio.sleep(0.05)
    assert 0.05 / 15 <= workers.busy.ratio() < 1
    model.gate.set()
    await asyncio.gather(*tasks)
    await workers.stop()


@pytest.mark.parametrize(
    ("row", "error", "told"),
    [
        ("bad", BadRequest, "no picture"),
        ("broken", ZeroDivisionError, "no number"),
        ("exit", RuntimeError, "the model raised SystemExit"),
        ("two", RuntimeError, "2 results for 1 rows"),
    ],
)
async def test_an_error_is_its_callers_alone(
    workers: Workers[str, str, str], row: str, error: type[Exception], told: str
) -> None:
    failed, fine = calls(workers, row, "fine")
    assert await fine == ["FINE 4"]
    with pytest.raises(error, match=told):
        await failed
    assert workers.alive
    assert await workers.submit(["after"], Stages()) == ["AFTER 5"]


async def test_stopping_finishes_what_is_there_and_takes_no_more(model: Model) -> None:
    workers = Workers(model.prepare, model.compute, 1, 1, queue_limit=2)
    tasks = calls(workers, "wait", "next")
    await model.waiting()
    stopping = asyncio.create_task(workers.stop())
    await asyncio.sleep(0)
    assert not workers.alive
    with pytest.raises(ShuttingDown):
        await workers.submit(["late"], Stages())
    model.gate.set()
    assert await asyncio.gather(*tasks) == [["WAIT 4"], ["NEXT 4"]]
    await asyncio.wait_for(stopping, PATIENCE)
    await asyncio.wait_for(workers.stop(), PATIENCE)  # once more changes nothing


async def test_every_run_is_told(model: Model) -> None:
    runs = Histogram("runs", "Rows", buckets=(1, 2), registry=CollectorRegistry())
    workers = Workers(model.prepare, model.compute, 2, 2, queue_limit=9, on_batch=runs.observe)
    failed, *fine = calls(workers, "bad", *["fine"] * 5)
    await asyncio.gather(*fine)
    with pytest.raises(BadRequest):
        await failed
    (family,) = runs.collect()
    assert {sample.name: sample.value for sample in family.samples}["runs_sum"] == 5
    await workers.stop()
