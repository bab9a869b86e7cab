"""Lanes on real sessions: padding, order, concurrency, warm-up; on a GPU too where one is."""

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from server.cuda import Gpu
from server.lanes import SIDE_BY_SIDE, Lane, Lanes, Pixels, Probabilities
from server.session import Device, Session
from tests import tiny
from tests.gpu import EACH_DEVICE

MOST = 6
SIZES = (1, 2, 4, 6)
IMAGE = tiny.stamped(tiny.image_graph(), tiny.image_contract())


@dataclass
class Kit:
    """Lanes of a session, what ran on them, and a plain run to compare with."""

    session: Session
    runs: list[tuple[int, int]] = field(default_factory=list)  # size, thread
    before: Callable[[], None] = lambda: None

    def make(self, size: int) -> Lane:
        """A lane that writes down each of its runs."""
        lane = self.session.lane(size)
        compute = lane.compute

        def noting() -> None:
            self.runs.append((size, threading.get_ident()))
            self.before()
            compute()

        lane.compute = noting
        return lane

    def plain(self, rows: Pixels) -> Probabilities:
        """What the model says of `rows`, without lanes."""
        return self.session.run({"image": rows})


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def kit(request: pytest.FixtureRequest, tmp_path: Path) -> Kit:
    gpu = Gpu(fixed_shapes=True, graphs=True)
    return Kit(Session(tiny.write(tmp_path, IMAGE), request.param, gpu=gpu))


@pytest.fixture
def lanes(kit: Kit) -> Iterator[Lanes]:
    lanes = Lanes(kit.make, MOST)
    yield lanes
    lanes.close()


def shades(*values: int) -> list[Pixels]:
    """A picture for each shade; every shade has another answer."""
    return [np.full((tiny.SIDE, tiny.SIDE, 3), value, np.uint8) for value in values]


def matches(kit: Kit, rows: Sequence[Pixels], answers: Sequence[Probabilities]) -> bool:
    alone = [kit.plain(row[np.newaxis])[0] for row in rows]
    return len(rows) == len(answers) and bool(np.allclose(answers, alone, atol=1e-5))


def test_a_padded_batch_gets_the_answers_of_single_rows(kit: Kit, lanes: Lanes) -> None:
    assert lanes.sizes == SIZES
    for count in range(1, MOST + 1):
        rows = shades(*range(255, 255 - 40 * count, -40))
        assert matches(kit, rows, lanes.run(rows))
    assert [size for size, _ in kit.runs] == [1, 2, 4, 4, 6, 6]


def test_answers_outlive_the_next_batch(kit: Kit, lanes: Lanes) -> None:
    bright = shades(255, 250)
    answers = lanes.run(bright)
    for _ in range(SIDE_BY_SIDE):
        lanes.run(shades(0, 5))
    assert matches(kit, bright, answers)


def test_more_rows_than_there_are_lanes_for_are_refused(lanes: Lanes) -> None:
    with pytest.raises(ValueError, match="7 rows are more than the largest batch, 6"):
        lanes.run(shades(*range(7)))


def test_concurrent_batches_do_not_mix_their_rows(kit: Kit, lanes: Lanes) -> None:
    counts = itertools.islice(itertools.cycle((1, 6, 3, 2, 5, 4)), 120)
    batches = [
        shades(*((17 * number + 31 * place) % 256 for place in range(count)))
        for number, count in enumerate(counts)
    ]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lanes.run, batches))
    assert all(map(matches, itertools.repeat(kit), batches, found))
    assert len({thread for _, thread in kit.runs}) == 1  # as a CUDA graph demands


def test_a_batch_is_copied_while_another_one_computes(kit: Kit) -> None:
    go, copied = threading.Event(), threading.Semaphore(0)

    def make(size: int) -> Lane:
        lane = kit.make(size)
        load = lane.load

        def noting(rows: Sequence[Pixels]) -> None:
            load(rows)
            copied.release()

        lane.load = noting  # type: ignore[method-assign]
        return lane

    lanes = Lanes(make, MOST)
    kit.before = lambda: None if go.wait(30) else pytest.fail("never told to go on")
    with ThreadPoolExecutor(2) as pool:
        first, second = (pool.submit(lanes.run, shades(value)) for value in (9, 99))
        assert copied.acquire(timeout=30)
        assert copied.acquire(timeout=30)
        assert not first.done()
        assert not second.done()
        go.set()
        assert matches(kit, shades(9, 99), [*first.result(30), *second.result(30)])
    lanes.close()


def test_a_run_that_fails_leaves_its_lane_free(kit: Kit, lanes: Lanes) -> None:
    kit.before = lambda: pytest.fail("out of memory")
    for _ in range(SIDE_BY_SIDE + 1):
        with pytest.raises(pytest.fail.Exception, match="out of memory"):
            lanes.run(shades(1, 2))
    kit.before = lambda: None
    assert matches(kit, shades(1, 2), lanes.run(shades(1, 2)))


def test_the_warm_up_runs_every_lane_the_largest_first(kit: Kit, lanes: Lanes) -> None:
    lanes.warm_up(kit.plain)
    sizes = [size for size, _ in kit.runs]
    assert sizes == sorted(SIZES * SIDE_BY_SIDE * 2, reverse=True)
    assert len({thread for _, thread in kit.runs}) == 1


def test_the_warm_up_tells_wrong_answers(kit: Kit, lanes: Lanes) -> None:
    with pytest.raises(RuntimeError, match="a batch of 6 got other answers than a plain run"):
        lanes.warm_up(lambda rows: kit.plain(rows)[:, ::-1])


def test_the_warm_up_tells_a_lane_that_does_not_read_its_rows(kit: Kit) -> None:
    def make(size: int) -> Lane:
        lane = kit.make(size)
        compute = lane.compute
        turns = itertools.count()
        lane.compute = lambda: compute() if next(turns) == 0 else None
        return lane

    lanes = Lanes(make, MOST)
    with pytest.raises(RuntimeError, match="got other answers than a plain run"):
        lanes.warm_up(kit.plain)
    lanes.close()


@EACH_DEVICE
def test_the_default_model_in_lanes(image_model: Path, device: Device) -> None:
    """A network of convolutions, for which a GPU's kernels are searched."""
    gpu = Gpu(fixed_shapes=True, graphs=True)
    session = Session(image_model, device, gpu=gpu)
    assert session.graphs is (device == "cuda")
    lanes = Lanes(session.lane, 2)
    lanes.warm_up(lambda rows: session.run({"image": rows}))
    random = np.random.default_rng(1)
    rows = random.integers(0, 256, session.lane(2).rows.shape, np.uint8)
    expected = Session(image_model).run({"image": rows})
    np.testing.assert_allclose(lanes.run(list(rows)), expected, atol=1e-3)
    np.testing.assert_allclose(lanes.run([rows[1]]), expected[1:], atol=1e-3)
    lanes.close()
