"""The share of time spent computing, against the exact one."""

from contextlib import ExitStack
from time import perf_counter, sleep

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.busy import WINDOW, BusyMeter


def whole_second() -> float:
    """A moment of the meter's clock, ahead of it, at which a second begins."""
    return float(int(perf_counter()) + 100)


@pytest.mark.parametrize(
    ("runs", "runners", "expected"),
    [
        ([], 1, 0.0),
        ([(0.0, 3.0)], 1, 3 / WINDOW),
        ([(0.0, 15.0)], 1, 1.0),
        ([(0.0, 15.0)], 2, 0.5),
        ([(0.0, 15.0), (0.0, 15.0)], 2, 1.0),
        ([(1.25, 1.5), (1.5, 4.0), (14.0, 14.5)], 1, 3.25 / WINDOW),
        ([(-40.0, 2.0)], 1, 2 / WINDOW),
        ([(-40.0, -20.0)], 1, 0.0),
        ([(-40.0, 15.0)], 1, 1.0),
        ([(0.0, 15.0), (0.0, 15.0)], 1, 1.0),  # a run on the event loop beside the runner's
    ],
)
def test_the_ratio_is_that_of_the_last_seconds(
    runs: list[tuple[float, float]], runners: int, expected: float
) -> None:
    begin = whole_second()
    meter = BusyMeter(runners)
    for start, end in runs:
        meter.add(begin + start, begin + end)
    assert meter.ratio(begin + WINDOW) == pytest.approx(expected)


def test_what_is_older_than_the_window_is_forgotten() -> None:
    begin = whole_second()
    meter = BusyMeter(1)
    meter.add(begin, begin + 1)
    assert meter.ratio(begin + WINDOW + 0.5) == pytest.approx(0.5 / WINDOW)
    assert meter.ratio(begin + WINDOW + 1) == pytest.approx(0)
    assert meter.ratio(begin + 10 * WINDOW) == 0


def test_a_run_counts_before_it_ends() -> None:
    meter = BusyMeter(2)
    now = perf_counter()
    with ExitStack() as stack:
        stack.enter_context(meter.running(now))
        stack.enter_context(meter.running(now))  # at the very same moment
        assert meter.ratio(now + WINDOW / 3) == pytest.approx(1 / 3)
        assert meter.ratio(now + 4 * WINDOW) == 1
    with meter.running(now):
        assert meter.ratio(now + 4 * WINDOW) == 0.5
    assert meter.ratio(now + 4 * WINDOW) == 0


def test_a_run_counts_once_it_has_ended_with_an_error() -> None:
    meter = BusyMeter(1)
    start = perf_counter()

    def fail() -> None:
        with meter.running(start):
            sleep(0.01)
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - raised just above
        fail()
    took = perf_counter() - start
    assert 0.01 / WINDOW <= meter.ratio() <= took / WINDOW + 1e-9


@given(
    st.lists(st.tuples(st.floats(0, 5), st.floats(0, 5)), max_size=40),
    st.integers(1, 4),
    st.floats(0, 20),
)
def test_it_is_off_by_less_than_one_second_of_the_window(
    steps: list[tuple[float, float]], runners: int, later: float
) -> None:
    """Runs one after the other, after pauses; the oldest second is all that is not exact."""
    now = whole_second()
    meter, runs = BusyMeter(runners), []
    for pause, length in steps:
        start = now + pause
        now = start + length
        meter.add(start, now)
        runs.append((start, now))
    now += later
    inside = sum(max(0.0, end - max(start, now - WINDOW)) for start, end in runs)
    ratio = meter.ratio(now)
    assert 0 <= ratio <= 1
    assert abs(ratio - inside / (WINDOW * runners)) < 1 / (WINDOW * runners)
