"""The rules of batching, each with real threads that block and a real event loop."""

import asyncio
import contextlib
import gc
import logging
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.batcher import Batcher
from server.errors import Overloaded, ShuttingDown
from server.runners import Runners
from server.stages import Stages

PATIENCE = 10  # seconds until a test that should not wait gives up
POISON = -1  # the row that makes the model fail


class Broken(Exception):
    """What the model raises."""


class Model:
    """Doubles rows, a batch at a time as it is let go; keeps every batch that it was given."""

    def __init__(self, *, free: bool = False) -> None:
        self.batches: list[list[int]] = []
        self._permits = threading.Semaphore(0)
        self._entered = threading.Semaphore(0)
        if free:
            self.let_go()

    def let_go(self, batches: int = 1000) -> None:
        """Let so many batches finish; all of a test by default."""
        self._permits.release(batches)

    def __call__(self, rows: Sequence[int]) -> list[int]:
        self.batches.append(list(rows))
        self._entered.release()
        assert self._permits.acquire(timeout=PATIENCE)
        if POISON in rows:
            raise Broken(str(rows))
        return [2 * row for row in rows]

    async def entered(self) -> None:
        """Wait until one more batch has begun."""
        assert await asyncio.to_thread(self._entered.acquire, timeout=PATIENCE)


@dataclass
class Bench:
    """Batchers on shared runners; `call` submits and does not wait."""

    runners: Runners
    batchers: list[Batcher[int, int]]

    def batcher(
        self,
        model: Callable[[Sequence[int]], Sequence[int]],
        max_rows: int = 4,
        queue_limit: int = 100,
        **options: Any,
    ) -> Batcher[int, int]:
        made = Batcher(model, self.runners, max_rows=max_rows, queue_limit=queue_limit, **options)
        made.start()
        self.batchers.append(made)
        return made


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """One runner, so that what waits behind a blocked model is certain."""
    async for made in _benches(1):
        yield made


@pytest.fixture
async def bench_of_two() -> AsyncIterator[Bench]:
    async for made in _benches(2):
        yield made


async def _benches(count: int) -> AsyncIterator[Bench]:
    made = Bench(Runners(count), [])
    yield made
    async with asyncio.timeout(PATIENCE):
        for batcher in made.batchers:
            await batcher.stop()
    made.runners.close()


async def call(batcher: Batcher[int, int], *rows: int) -> asyncio.Task[Sequence[int]]:
    """Submit `rows` and let them reach the queue."""
    task = asyncio.create_task(_submit(batcher, rows))
    await asyncio.sleep(0)
    return task


async def _submit(batcher: Batcher[int, int], rows: Sequence[int]) -> Sequence[int]:
    async with asyncio.timeout(PATIENCE):
        return await batcher.submit(rows, Stages())


async def results(*calls: asyncio.Task[Sequence[int]]) -> list[Sequence[int]]:
    """What the calls answer, in this order."""
    return list(await asyncio.gather(*calls))


async def settle() -> None:
    """Let every callback that is due run."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_calls_that_wait_are_joined_in_their_order(bench: Bench) -> None:
    model = Model()
    batcher = bench.batcher(model)
    first = await call(batcher, 1)
    await model.entered()
    waiting = [await call(batcher, 2, 3), await call(batcher, 4), await call(batcher, 5)]
    model.let_go()
    assert await first == [2]
    assert await results(*waiting) == [[4, 6], [8], [10]]
    assert model.batches == [[1], [2, 3, 4, 5]]


async def test_a_batch_has_at_most_max_rows(bench: Bench) -> None:
    model = Model()
    batcher = bench.batcher(model, max_rows=3)
    calls = [await call(batcher, 0)]
    await model.entered()
    calls += [await call(batcher, row) for row in range(1, 9)]
    model.let_go()
    assert await results(*calls) == [[2 * row] for row in range(9)]
    assert model.batches == [[0], [1, 2, 3], [4, 5, 6], [7, 8]]


async def test_a_batch_starts_the_moment_a_runner_is_free(bench_of_two: Bench) -> None:
    model = Model()
    batcher = bench_of_two.batcher(model)
    for row in (1, 2):  # nobody waits for a fuller batch while a runner is free
        await call(batcher, row)
        await model.entered()
    third = await call(batcher, 3)
    await settle()
    assert model.batches == [[1], [2]]
    assert batcher.queued_rows == 1
    model.let_go()
    assert await third == [6]


async def test_a_batch_that_is_not_full_waits_for_max_wait(bench: Bench) -> None:
    model = Model(free=True)
    batcher = bench.batcher(model, max_rows=3, max_wait=0.5)
    start = time.perf_counter()
    first = await call(batcher, 1)
    await asyncio.sleep(0.3)
    second = await call(batcher, 2)
    assert await results(first, second) == [[2], [4]]
    # From the oldest call: the second one does not start the wait anew.
    assert 0.5 <= time.perf_counter() - start < 0.8
    assert model.batches == [[1, 2]]


async def test_a_full_batch_does_not_wait(bench: Bench) -> None:
    model = Model(free=True)
    batcher = bench.batcher(model, max_rows=3, max_wait=2 * PATIENCE)
    calls = [await call(batcher, 1), await call(batcher, 2, 3)]
    assert await results(*calls) == [[2], [4, 6]]
    assert model.batches == [[1, 2, 3]]


async def test_a_cancelled_call_does_not_hold_back_the_next_one_while_waiting(
    bench: Bench,
) -> None:
    model = Model(free=True)
    batcher = bench.batcher(model, max_rows=2, max_wait=2 * PATIENCE)
    first = await call(batcher, 1)
    await settle()
    first.cancel()
    await settle()
    calls = [await call(batcher, 2), await call(batcher, 3)]
    assert await results(*calls) == [[4], [6]]
    assert model.batches == [[2, 3]]


async def test_a_call_larger_than_a_batch_is_split(bench_of_two: Bench) -> None:
    model = Model(free=True)
    batcher = bench_of_two.batcher(model, max_rows=4)
    large = await call(batcher, *range(11))
    small = await call(batcher, 11)
    assert await large == [2 * row for row in range(11)]
    assert await small == [22]
    assert sorted(map(len, model.batches)) == [4, 4, 4]


async def test_the_parts_of_a_split_call_may_finish_in_any_order(bench_of_two: Bench) -> None:
    """The first part waits until the second has finished on the other runner."""
    second_finished = threading.Event()

    def compute(rows: Sequence[int]) -> list[int]:
        if 0 in rows:
            assert second_finished.wait(PATIENCE)
        else:
            second_finished.set()
        return [2 * row for row in rows]

    batcher = bench_of_two.batcher(compute, max_rows=2)
    assert await _submit(batcher, range(4)) == [0, 2, 4, 6]


async def test_a_cancelled_call_that_waits_is_not_computed(bench: Bench) -> None:
    model = Model()
    batcher = bench.batcher(model)
    first = await call(batcher, 1)
    await model.entered()
    gone, stays = await call(batcher, 2, 3), await call(batcher, 4)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert batcher.queued_rows == 1
    model.let_go()
    assert await results(first, stays) == [[2], [8]]
    assert model.batches == [[1], [4]]


async def test_a_call_that_is_cancelled_in_the_tick_of_its_batch_is_not_computed(
    bench: Bench,
) -> None:
    model = Model()
    batcher = bench.batcher(model)
    await call(batcher, 1)
    await model.entered()
    gone = await call(batcher, 2)
    model.let_go()
    time.sleep(0.05)  # noqa: ASYNC251 - the result waits for the loop, which cancels first
    gone.cancel()
    await settle()
    assert gone.cancelled()
    assert model.batches == [[1]]
    assert batcher.queued_rows == 0


async def test_a_call_that_a_neighbour_cancels_as_it_returns_is_not_computed(
    bench: Bench,
) -> None:
    """The runner is free and the next batch is due, but the cancelled caller has not run yet."""
    model = Model()
    batcher = bench.batcher(model)
    cancelled: list[asyncio.Task[Sequence[int]]] = []

    async def return_and_cancel() -> None:
        await batcher.submit([1], Stages())
        cancelled[0].cancel()

    first = asyncio.create_task(return_and_cancel())
    await model.entered()
    cancelled.append(await call(batcher, 2))
    model.let_go()
    await first
    await settle()
    assert cancelled[0].cancelled()
    assert model.batches == [[1]]
    assert batcher.queued_rows == 0


async def test_a_cancelled_call_that_runs_leaves_its_neighbours_alone(bench: Bench) -> None:
    model = Model()
    batcher = bench.batcher(model)
    await call(batcher, 1)
    await model.entered()
    before, gone, after = [await call(batcher, row) for row in (2, 3, 4)]
    model.let_go(1)
    await model.entered()
    assert model.batches[1] == [2, 3, 4]
    gone.cancel()
    await settle()
    assert gone.cancelled()
    model.let_go()
    assert await results(before, after) == [[4], [8]]


async def test_a_call_that_times_out_leaves_its_neighbours_alone(bench: Bench) -> None:
    model = Model()
    batcher = bench.batcher(model)
    running = await call(batcher, 1)
    await model.entered()
    neighbour = await call(batcher, 2)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await batcher.submit([3], Stages())
    model.let_go()
    assert await results(running, neighbour) == [[2], [4]]
    assert model.batches == [[1], [2]]


async def test_the_rest_of_a_split_call_is_dropped_when_it_is_cancelled(bench: Bench) -> None:
    model = Model()
    batcher = bench.batcher(model, max_rows=2)
    large = await call(batcher, 1, 2, 3, 4, 5)
    await model.entered()
    assert batcher.queued_rows == 3
    next_one = await call(batcher, 6)
    large.cancel()
    await settle()
    assert batcher.queued_rows == 1
    model.let_go()
    assert await next_one == [12]
    assert model.batches == [[1, 2], [6]]


async def test_the_rest_of_a_split_call_is_dropped_when_its_first_part_fails(
    bench: Bench,
) -> None:
    model = Model(free=True)
    batcher = bench.batcher(model, max_rows=2)
    large = await call(batcher, POISON, 1, 2, 3)
    small = await call(batcher, 4)
    with pytest.raises(Broken):
        await large
    assert await small == [8]
    assert [2, 3] not in model.batches


async def test_an_error_of_the_model_reaches_every_call_of_its_batch_and_no_other(
    bench: Bench,
) -> None:
    model = Model()
    batcher = bench.batcher(model, max_rows=3)
    first = await call(batcher, 1)
    await model.entered()
    calls = [await call(batcher, row) for row in (2, POISON, 3, 4)]
    model.let_go()
    answers = await asyncio.gather(first, *calls, return_exceptions=True)
    assert answers[0] == [2]
    assert [type(answer) for answer in answers[1:4]] == [Broken] * 3
    assert answers[4] == [8]
    assert batcher.alive
    assert await _submit(batcher, [5]) == [10]


@pytest.mark.parametrize("inline", [False, True])
@pytest.mark.parametrize("error", [StopIteration, SystemExit, KeyboardInterrupt, GeneratorExit])
async def test_an_error_that_would_end_the_loop_or_be_lost_is_an_error_of_the_batch(
    bench: Bench, error: type[BaseException], inline: bool
) -> None:
    def compute(rows: Sequence[int]) -> list[int]:
        if POISON in rows:
            raise error
        return list(rows)

    batcher = bench.batcher(compute, inline=lambda rows: inline)
    with pytest.raises(RuntimeError, match=f"the model raised {error.__name__}") as caught:
        await _submit(batcher, [POISON])
    assert isinstance(caught.value.__cause__, error)
    assert batcher.alive
    assert await _submit(batcher, [1]) == [1]


@pytest.mark.parametrize("inline", [False, True])
@pytest.mark.parametrize("given_back", [[], [1], [1, 2, 3]])
async def test_a_wrong_number_of_results_is_an_error(
    bench: Bench, given_back: list[int], inline: bool
) -> None:
    batcher = bench.batcher(lambda rows: given_back, inline=lambda rows: inline)
    with pytest.raises(RuntimeError, match=f"gave {len(given_back)} results for 2 rows"):
        await _submit(batcher, [1, 2])
    assert batcher.alive


async def test_no_results_at_all_is_an_error(bench: Bench) -> None:
    def compute(rows: Sequence[int]) -> Any:
        return None

    batcher = bench.batcher(compute)
    with pytest.raises(TypeError):
        await _submit(batcher, [1, 2])
    assert batcher.alive


async def test_an_error_while_a_batch_is_counted_gives_its_runner_back(bench: Bench) -> None:
    counted: list[int] = []

    def count(rows: int) -> None:
        counted.append(rows)
        if rows == 2:
            raise Broken

    batcher = bench.batcher(Model(free=True), on_batch=count)
    with pytest.raises(Broken):
        await _submit(batcher, [1, 2])
    assert await _submit(batcher, [3]) == [6]
    assert counted == [2, 1]


async def test_a_full_queue_refuses_at_once(bench: Bench) -> None:
    model = Model()
    batcher = bench.batcher(model, queue_limit=3)
    running = await call(batcher, 0)
    await model.entered()
    waiting = await call(batcher, 1, 2)
    with pytest.raises(Overloaded, match="2 rows are waiting and at most 3 may"):
        batcher.submit([3, 4], Stages()).send(None)  # without a single turn of the loop
    assert batcher.queued_rows == 2
    still_fits = await call(batcher, 5)
    assert batcher.queued_rows == 3
    model.let_go()
    assert await results(running, waiting, still_fits) == [[0], [2, 4], [10]]
    assert model.batches == [[0], [1, 2, 5]]


async def test_what_runs_does_not_count_as_waiting(bench: Bench) -> None:
    model = Model()
    batcher = bench.batcher(model, max_rows=2, queue_limit=2)
    calls = [await call(batcher, 1, 2)]
    await model.entered()
    calls.append(await call(batcher, 3, 4))
    model.let_go()
    assert await results(*calls) == [[2, 4], [6, 8]]


async def test_stop_refuses_what_comes_and_finishes_what_is_there(bench: Bench) -> None:
    model = Model()
    batcher = bench.batcher(model, max_rows=2)
    calls = [await call(batcher, 1)]
    await model.entered()
    calls += [await call(batcher, 2, 3, 4), await call(batcher, 5)]
    stopping = asyncio.create_task(batcher.stop())
    await settle()
    assert not batcher.alive
    with pytest.raises(ShuttingDown):
        await batcher.submit([6], Stages())
    assert not stopping.done()
    model.let_go()
    await stopping
    assert await results(*calls) == [[2], [4, 6, 8], [10]]


async def test_stop_does_not_wait_for_a_fuller_batch(bench: Bench) -> None:
    batcher = bench.batcher(Model(free=True), max_wait=2 * PATIENCE)
    waiting = await call(batcher, 1)
    await settle()
    async with asyncio.timeout(PATIENCE):
        await batcher.stop()
    assert await waiting == [2]


async def test_it_is_alive_from_start_to_stop(bench: Bench) -> None:
    batcher = Batcher(Model(free=True), bench.runners, max_rows=1, queue_limit=1)
    assert not batcher.alive
    with pytest.raises(ShuttingDown):
        await batcher.submit([1], Stages())
    batcher.start()
    assert batcher.alive
    await batcher.stop()
    assert not batcher.alive
    await batcher.stop()  # again does no harm


async def test_when_the_loop_has_ended_callers_that_wait_get_an_error(bench: Bench) -> None:
    before = asyncio.all_tasks()
    model = Model()
    batcher = bench.batcher(model, max_rows=2)
    (loop,) = asyncio.all_tasks() - before
    running = await call(batcher, 1, 2)
    await model.entered()
    waiting = [await call(batcher, 3), await call(batcher, 4, 5, 6)]
    loop.cancel()
    for result in await asyncio.gather(*waiting, return_exceptions=True):
        assert isinstance(result, RuntimeError)
        assert "has ended" in str(result)
    assert not batcher.alive
    assert batcher.queued_rows == 0
    with pytest.raises(ShuttingDown):
        await batcher.submit([7], Stages())
    model.let_go()
    assert await running == [2, 4]


async def test_the_end_of_one_loop_leaves_the_runners_to_the_others(bench: Bench) -> None:
    before = asyncio.all_tasks()
    blocked, quick = Model(), Model(free=True)
    dying = bench.batcher(blocked)
    (loop,) = asyncio.all_tasks() - before
    other = bench.batcher(quick)
    running = await call(dying, 1)
    await blocked.entered()
    waiting = await call(dying, 2)  # its loop waits for the runner
    await settle()
    loop.cancel()
    blocked.let_go()
    assert await running == [2]
    with pytest.raises(RuntimeError):
        await waiting
    assert await _submit(other, [3]) == [6]


async def test_batchers_on_the_same_runners_are_served_in_turn(bench: Bench) -> None:
    turns: list[str] = []
    gate = threading.Event()

    def model(name: str) -> Callable[[Sequence[int]], list[int]]:
        def compute(rows: Sequence[int]) -> list[int]:
            turns.append(name)
            assert gate.wait(PATIENCE)
            return list(rows)

        return compute

    busy, other = bench.batcher(model("a"), max_rows=1), bench.batcher(model("b"), max_rows=1)
    calls = [await call(busy, row) for row in range(6)]
    calls += [await call(other, row) for row in range(3)]
    gate.set()
    await asyncio.gather(*calls)
    assert turns[1:6] in (list("babab"), list("ababa"))
    assert sorted(turns) == list("aaaaaabbb")


async def test_no_more_batches_at_once_than_runners(bench_of_two: Bench) -> None:
    inside = most = 0
    lock = threading.Lock()

    def compute(rows: Sequence[int]) -> list[int]:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        time.sleep(0.005)
        with lock:
            inside -= 1
        return list(rows)

    batchers = [bench_of_two.batcher(compute, max_rows=1) for _ in range(3)]
    await asyncio.gather(*[_submit(batcher, [row]) for batcher in batchers for row in range(5)])
    assert most == 2


class Where:
    """Says on which kind of thread each row was computed."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.inline: list[tuple[int, bool]] = []

    def __call__(self, rows: Sequence[int]) -> list[int]:
        here = threading.current_thread() is threading.main_thread()
        self.inline.extend((row, here) for row in rows)
        assert here or self.gate.wait(PATIENCE)
        return list(rows)


async def test_a_call_runs_inline_while_nothing_waits(bench: Bench) -> None:
    model = Where()
    counted: list[int] = []
    batcher = bench.batcher(
        model, max_rows=2, inline=lambda rows: len(rows) == 1, on_batch=counted.append
    )
    stages = Stages()
    assert await batcher.submit([1], stages) == [1]
    assert model.inline == [(1, True)]
    assert stages.seconds["queue"] == 0.0
    assert stages.seconds["infer"] > 0
    on_runner = await call(batcher, 2, 3)  # not admitted
    await settle()
    assert await _submit(batcher, [4]) == [4]  # the runner is busy, but nothing waits for it
    waits = await call(batcher, 5, 6)
    behind = await call(batcher, 7)  # admitted, but not before those
    model.gate.set()
    await asyncio.gather(on_runner, waits, behind)
    assert sorted(model.inline) == [
        (1, True), (2, False), (3, False), (4, True), (5, False), (6, False), (7, False)
    ]  # fmt: skip
    assert counted == [1, 2, 1, 2, 1]


async def test_a_call_does_not_overtake_inline_what_waits(bench: Bench) -> None:
    model = Where()
    model.gate.set()
    batcher = bench.batcher(model, max_rows=8, inline=lambda rows: len(rows) == 1)
    calls = [asyncio.create_task(_submit(batcher, rows)) for rows in ([1, 2], [3])]
    await asyncio.gather(*calls)
    assert model.inline == [(1, False), (2, False), (3, False)]


async def test_a_quick_call_does_not_wait_for_another_models_batch(bench: Bench) -> None:
    blocked, model = Model(), Where()
    other = bench.batcher(blocked)
    batcher = bench.batcher(model, inline=lambda rows: True)
    slow = [await call(other, row) for row in (1, 2)]
    await blocked.entered()
    assert await _submit(batcher, [3]) == [3]
    assert model.inline == [(3, True)]
    blocked.let_go()
    blocked.let_go()
    await asyncio.gather(*slow)


async def test_stages_tell_waiting_from_computing(bench: Bench) -> None:
    model = Model()
    batcher = bench.batcher(model)
    await call(batcher, 1)
    await model.entered()
    stages = Stages()
    task = asyncio.create_task(batcher.submit([2], stages))
    await asyncio.sleep(0.05)
    model.let_go()
    await task
    assert 0.05 <= stages.seconds["queue"] < 1
    assert 0 < stages.seconds["infer"] < stages.seconds["queue"]


async def test_a_split_call_is_inferred_from_its_first_part_to_its_last(bench: Bench) -> None:
    model = Model()
    batcher = bench.batcher(model, max_rows=1)
    stages = Stages()
    task = asyncio.create_task(batcher.submit([1, 2], stages))
    await model.entered()
    await asyncio.sleep(0.05)
    model.let_go()
    assert await task == [2, 4]
    assert stages.seconds["queue"] < 0.05 <= stages.seconds["infer"]


async def test_the_meter_counts_while_a_batch_runs(bench: Bench) -> None:
    model = Model()
    batcher = bench.batcher(model)
    assert batcher.busy.ratio() == 0
    running = await call(batcher, 1)
    await model.entered()
    await asyncio.sleep(0.05)
    assert batcher.busy.ratio() > 0
    model.let_go()
    await running


async def test_an_error_that_nobody_waits_for_any_more_is_not_logged(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    model = Model()
    batcher = bench.batcher(model)
    gone = await call(batcher, POISON)
    await model.entered()
    gone.cancel()
    model.let_go()
    await asyncio.gather(gone, return_exceptions=True)
    assert await _submit(batcher, [1]) == [2]
    gc.collect()
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


# A random load: what every caller may rely on, whatever the others do.


@dataclass(frozen=True)
class Plan:
    """One call: its rows, whether one of them fails, turns until it comes and until it leaves."""

    size: int
    poisoned: bool
    comes_after: int
    leaves_after: int | None


PLANS = st.lists(
    st.builds(
        Plan,
        size=st.integers(1, 9),
        poisoned=st.integers(0, 9).map(lambda number: number == 0),
        comes_after=st.integers(0, 3),
        leaves_after=st.none() | st.integers(0, 12),
    ),
    min_size=1,
    max_size=25,
)


@dataclass
class Outcome:
    """What became of each call, and the batches that the model saw."""

    rows: list[list[int]]
    results: list[Sequence[int] | BaseException]
    batches: list[list[int]]


async def _play(plans: list[Plan], runners: int, max_rows: int, limit: int) -> Outcome:
    rows = [[100 * index + row for row in range(plan.size)] for index, plan in enumerate(plans)]
    poison = {rows[index][-1] for index, plan in enumerate(plans) if plan.poisoned}
    batches: list[list[int]] = []

    def compute(batch: Sequence[int]) -> list[int]:
        batches.append(list(batch))
        time.sleep(0.0002)
        if poison.intersection(batch):
            raise Broken(str(batch))
        return [2 * row for row in batch]

    async with _running(Bench(Runners(runners), [])) as bench:
        batcher = bench.batcher(compute, max_rows, limit)
        tasks = []
        for plan, own in zip(plans, rows, strict=True):
            await _turns(plan.comes_after)
            tasks.append(asyncio.create_task(_caller(batcher.submit(own, Stages()), plan)))
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert batcher.queued_rows == 0
        assert await _submit(batcher, [-7]) == [-14]  # the loop lives
    return Outcome(rows, results, batches[:-1])


@contextlib.asynccontextmanager
async def _running(bench: Bench) -> AsyncIterator[Bench]:
    yield bench
    for batcher in bench.batchers:
        await batcher.stop()
        assert batcher.queued_rows == 0
    bench.runners.close()


async def _caller(submitted: Awaitable[Sequence[int]], plan: Plan) -> Sequence[int]:
    task = asyncio.ensure_future(submitted)
    if plan.leaves_after is not None:
        await _turns(plan.leaves_after)
        task.cancel()
    async with asyncio.timeout(PATIENCE):
        return await task


async def _turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0.0001)


@settings(max_examples=150)
@given(PLANS, st.integers(1, 3), st.integers(1, 8), st.integers(9, 40))
def test_every_call_gets_its_own_results_or_its_own_error(
    plans: list[Plan], runners: int, max_rows: int, limit: int
) -> None:
    outcome = asyncio.run(_play(plans, runners, max_rows, limit))
    computed = [row for batch in outcome.batches for row in batch]
    assert len(set(computed)) == len(computed), "a row was computed twice"
    assert all(0 < len(batch) <= max_rows for batch in outcome.batches)
    for batch in outcome.batches:
        assert batch == sorted(batch), "the order within a batch is that of the calls"
    if runners == 1:
        assert computed == sorted(computed)
    poison = {own[-1] for plan, own in zip(plans, outcome.rows, strict=True) if plan.poisoned}
    for plan, own, result in zip(plans, outcome.rows, outcome.results, strict=True):
        if isinstance(result, asyncio.CancelledError):
            assert plan.leaves_after is not None
        elif isinstance(result, Broken):
            mine = [batch for batch in outcome.batches if set(batch) & set(own)]
            assert any(poison & set(batch) for batch in mine), "another batch's error"
        elif isinstance(result, Overloaded):
            assert not set(own) & set(computed)
        else:
            assert result == [2 * row for row in own]
            assert not plan.poisoned


def test_close_ends_the_threads() -> None:
    async def use() -> None:
        runners = Runners(2)
        assert await runners.run(len, [1, 2, 3]) == 3
        assert list(_model_threads())
        runners.close()

    asyncio.run(use())
    for thread in _model_threads():
        thread.join(PATIENCE)
        assert not thread.is_alive()


def _model_threads() -> Iterator[threading.Thread]:
    return (thread for thread in threading.enumerate() if thread.name.startswith("rtscore-model"))
