"""The share of time spent computing, against the exact one."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from time import perf_counter, sleep

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.busy import WINDOW, BusyMeter

BEGIN = 1000.0  # a moment at which a second begins


class Clock:
    """Shows what it is set to."""

    now = BEGIN

    def __call__(self) -> float:
        return self.now


def measured(runs: list[tuple[float, float]], capacity: int, at: float) -> float:
    """The ratio at the second `at` after runs from and to seconds after BEGIN."""
    clock = Clock()
    clock.now = BEGIN + min([0.0, *[start for start, _ in runs]])
    meter = BusyMeter(capacity, clock)
    changes = [(start, 1) for start, _ in runs] + [(end, -1) for _, end in runs]
    for moment, change in sorted(changes, key=lambda change: change[0]):
        clock.now = BEGIN + moment
        if change == 1:
            meter.__enter__()
        else:
            meter.__exit__()
    clock.now = BEGIN + at
    return meter.ratio()


@pytest.mark.parametrize(
    ("runs", "capacity", "expected"),
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
        ([(0.0, 15.0), (0.0, 15.0)], 1, 1.0),
        # More at once than the capacity are no more than that, and make up for no pause.
        ([(0.0, 5.0), (0.0, 5.0), (0.0, 5.0)], 1, 5 / WINDOW),
        ([(0.0, 5.0), (0.0, 5.0), (0.0, 6.0)], 2, 11 / (2 * WINDOW)),
    ],
)
def test_the_ratio_is_that_of_the_last_seconds(
    runs: list[tuple[float, float]], capacity: int, expected: float
) -> None:
    assert measured(runs, capacity, WINDOW) == pytest.approx(expected)


def test_what_is_older_than_the_window_is_forgotten() -> None:
    for later, expected in ((0.5, 0.5 / WINDOW), (1, 0), (9 * WINDOW, 0)):
        assert measured([(0.0, 1.0)], 1, WINDOW + later) == pytest.approx(expected)


def test_a_run_counts_before_it_ends() -> None:
    clock = Clock()
    meter = BusyMeter(2, clock)
    with meter:
        clock.now += WINDOW / 3
        assert meter.ratio() == pytest.approx(1 / 6)
        with meter:
            clock.now += WINDOW
            assert meter.ratio() == 1
        clock.now += WINDOW
        assert meter.ratio() == pytest.approx(0.5)
    clock.now += 4 * WINDOW
    assert meter.ratio() == 0


def test_a_run_counts_once_it_has_ended_with_an_error() -> None:
    start = perf_counter()
    meter = BusyMeter(1)

    def fail() -> None:
        with meter:
            sleep(0.01)
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - raised just above
        fail()
    took = perf_counter() - start
    assert 0.01 / WINDOW <= meter.ratio() <= took / WINDOW + 1e-9


def test_it_counts_on_several_threads() -> None:
    start = perf_counter()
    meter = BusyMeter(8)

    def run(_: int) -> None:
        with meter:
            sleep(0.001)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(run, range(800)))
    took = perf_counter() - start
    assert 0.8 / (8 * WINDOW) <= meter.ratio() <= took / WINDOW + 1e-9
    before = meter.ratio()
    sleep(0.01)
    assert meter.ratio() <= before  # nothing runs any more


@given(
    st.lists(st.tuples(st.floats(0, 20), st.floats(0, 5)), max_size=20),
    st.integers(1, 4),
    st.floats(0, 20),
)
def test_it_is_off_by_less_than_one_second_of_the_window(
    runs: list[tuple[float, float]], capacity: int, later: float
) -> None:
    """Of runs that overlap as they like; the oldest second is all that is not exact."""
    spans = [(start, start + length) for start, length in runs]
    now = max([0.0, *[end for _, end in spans]]) + later
    inside = [(max(start, now - WINDOW), end) for start, end in spans if end > now - WINDOW]
    moments = sorted({moment for span in inside for moment in span})
    exact = 0.0
    for begin, end in pairwise(moments):
        at_once = sum(start <= begin and end <= stop for start, stop in inside)
        exact += min(at_once, capacity) * (end - begin)
    ratio = measured(spans, capacity, now)
    assert 0 <= ratio <= 1
    assert abs(ratio - exact / (WINDOW * capacity)) < 1 / WINDOW + 1e-9
