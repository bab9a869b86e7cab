import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from client.inputs import Input, endless, made_up_questions
from client.runner import Plan, Sample, run
from client.target import Answer
from tests.client.command import HANG

QUESTIONS = made_up_questions()
OK = Answer(200)


async def samples_of(plan: Plan, send: Callable[[Input], Awaitable[Answer]]) -> list[Sample]:
    samples: list[Sample] = []
    async with asyncio.timeout(HANG):
        await run(send, endless([QUESTIONS]), plan, samples.append)
    return samples


async def at_once(item: Input) -> Answer:
    return OK


async def test_each_input_is_sent_once_in_order() -> None:
    sent = []

    async def send(item: Input) -> Answer:
        sent.append(item)
        return OK

    assert len(await samples_of(Plan(requests=100), send)) == 100
    assert sent == QUESTIONS[:100]


async def test_a_closed_loop_keeps_so_many_in_flight_and_no_more() -> None:
    four = asyncio.Barrier(4)
    in_flight, most = 0, 0

    async def send(item: Input) -> Answer:
        nonlocal in_flight, most
        in_flight += 1
        most = max(most, in_flight)
        await four.wait()  # with fewer in flight it would wait for ever
        in_flight -= 1
        return OK

    assert len(await samples_of(Plan(requests=20, in_flight=4), send)) == 20
    assert most == 4


async def test_more_callers_than_requests_do_no_harm() -> None:
    assert len(await samples_of(Plan(requests=3, in_flight=50), at_once)) == 3


async def test_a_closed_loop_ends_after_its_seconds() -> None:
    async def send(item: Input) -> Answer:
        await asyncio.sleep(0.01)
        return OK

    samples = await samples_of(Plan(requests=None, seconds=0.2), send)
    assert samples
    assert all(sample.scheduled < 0.2 for sample in samples)
    assert max(sample.finished for sample in samples) >= 0.2


async def test_an_open_loop_waits_for_no_answer() -> None:
    everything = asyncio.Event()
    sent = 0

    async def send(item: Input) -> Answer:
        nonlocal sent
        sent += 1
        if sent == 30:
            everything.set()
        await everything.wait()  # nobody is answered before the last has left
        return OK

    samples = await samples_of(Plan(requests=30, rate=200), send)
    assert sorted(sample.scheduled for sample in samples) == [n / 200 for n in range(30)]
    assert all(sample.sent >= sample.scheduled for sample in samples)
    last = max(sample.sent for sample in samples)
    assert all(sample.latency >= last - sample.scheduled for sample in samples)


async def test_an_open_loop_sends_what_its_seconds_hold() -> None:
    assert len(await samples_of(Plan(requests=None, seconds=0.5, rate=40), at_once)) == 20


async def test_latency_counts_from_the_schedule_so_that_a_stall_is_seen() -> None:
    """Coordinated omission: whatever had to leave during the stall waited too."""

    async def send(item: Input) -> Answer:
        if item == QUESTIONS[0]:
            time.sleep(0.3)  # noqa: ASYNC251 (nothing leaves meanwhile)
        return OK

    samples = await samples_of(Plan(requests=10, rate=100), send)
    assert [sample.scheduled for sample in samples] == [n / 100 for n in range(10)]
    assert all(sample.latency >= 0.3 - sample.scheduled for sample in samples)


async def test_what_was_measured_is_there_when_a_run_is_cancelled() -> None:
    samples: list[Sample] = []
    third = asyncio.Event()

    async def send(item: Input) -> Answer:
        if item == QUESTIONS[3]:
            third.set()
            await asyncio.Event().wait()
        return OK

    running = asyncio.create_task(
        run(send, endless([QUESTIONS]), Plan(in_flight=1), samples.append)
    )
    await asyncio.wait_for(third.wait(), HANG)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert len(samples) == 3


@pytest.mark.parametrize(
    ("status", "ok"), [(0, False), (199, False), (200, True), (204, True), (308, False)]
)
def test_only_2xx_is_a_success(status: int, ok: bool) -> None:
    assert Sample("/v1/faq", 0, 0, 1, Answer(status)).ok is ok


def test_a_plan_says_what_it_is() -> None:
    assert str(Plan()) == "closed loop, 4 in flight"
    assert str(Plan(rate=12.5)) == "open loop, 12.5 a second"
