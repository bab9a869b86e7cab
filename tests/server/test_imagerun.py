"""Batches of pictures on real sessions: stacked on the CPU, and in lanes where there is a GPU."""

import logging
import time
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Lock

import numpy as np
import pytest

from server.cuda import Gpu
from server.imagerun import LONG, ImageRun, Pixels, warmed_up
from server.lanes import SIDE_BY_SIDE, Lane
from server.session import Device, Feeds, Probabilities, Session
from tests import tiny
from tests.gpu import EACH_DEVICE

IMAGE = tiny.stamped(tiny.image_graph(), tiny.image_contract())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tiny.write(tmp_path, IMAGE)


class Watched(Session):
    """A session that writes down the sizes of plain runs."""

    def __init__(self, path: Path, device: Device, graphs: bool) -> None:
        super().__init__(path, device, gpu=Gpu(fixed_shapes=True, graphs=graphs))
        self.ran: list[int] = []

    def run(self, feeds: Feeds) -> Probabilities:
        self.ran.append(len(feeds["image"]))
        return super().run(feeds)


class LikeOnGpu(Watched):
    """A session on the CPU whose batches run in lanes, as on a GPU."""

    def __init__(self, path: Path, graphs: bool) -> None:
        super().__init__(path, "cpu", graphs)
        self.device = "cuda"
        self.graphs = graphs

    def lane(self, size: int) -> Lane:
        self.device = "cpu"  # where its memory is
        lane = super().lane(size)
        self.device = "cuda"
        return lane


class BrokenGraphs(LikeOnGpu):
    """One whose CUDA graphs compute nothing."""

    def lane(self, size: int) -> Lane:
        lane = super().lane(size)
        if self.graphs:
            lane.compute = lambda: None
        return lane


def pictures(count: int) -> list[Pixels]:
    return [np.full((tiny.SIDE, tiny.SIDE, 3), 30 * number, np.uint8) for number in range(count)]


@EACH_DEVICE
def test_every_count_gets_its_answers(path: Path, device: Device) -> None:
    opened: list[Watched] = []

    def open_session(graphs: bool) -> Session:
        opened.append(Watched(path, device, graphs))
        return opened[-1]

    run = warmed_up(open_session, 5, 5)
    assert [run.session] == opened
    assert (run.lanes is not None) == (device == "cuda") == run.session.graphs
    for count in range(1, 6):
        rows = pictures(count)
        alone = [Session(path).run({"image": row[np.newaxis]})[0] for row in rows]
        np.testing.assert_allclose(run.compute(rows), alone, atol=1e-5)
    if run.lanes is not None:
        run.lanes.close()


def test_the_cpu_is_warmed_up_with_one_picture_and_a_full_batch(path: Path) -> None:
    session = Watched(path, "cpu", False)
    run = warmed_up(lambda graphs: session, 9, 5)
    assert sorted(session.ran) == [1, 5]
    run.compute(pictures(3))
    assert session.ran[-1] == 3  # nothing is padded
    alone = Watched(path, "cpu", False)
    warmed_up(lambda graphs: alone, 9, 1)
    assert alone.ran == [1]


def test_a_gpu_is_warmed_up_with_every_size(path: Path) -> None:
    session = LikeOnGpu(path, True)
    run = warmed_up(lambda graphs: session, 6, 1)
    assert run.lanes is not None
    assert session.ran == [size for size in (6, 4, 2, 1) for _ in range(2 * SIDE_BY_SIDE)]
    run.lanes.close()


def test_without_graphs_where_they_do_not_work(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[bool] = []
    opened: list[weakref.ref[Session]] = []

    def open_session(graphs: bool) -> Session:
        assert not any(before() for before in opened), "two would be in the GPU's memory"
        asked.append(graphs)
        session = BrokenGraphs(path, graphs)
        opened.append(weakref.ref(session))
        return session

    with caplog.at_level(logging.WARNING, "rtscore"):
        run = warmed_up(open_session, 4, 4)
    assert asked == [True, False]
    assert caplog.messages == ["no CUDA graphs: a batch of 4 got other answers than a plain run"]
    assert run.lanes is not None
    assert not run.session.graphs
    np.testing.assert_allclose(
        run.compute(pictures(3)), Session(path).run({"image": np.stack(pictures(3))}), atol=1e-6
    )
    run.lanes.close()


def test_what_fails_without_graphs_too_is_raised(path: Path) -> None:
    class Broken(LikeOnGpu):
        def lane(self, size: int) -> Lane:
            raise MemoryError(size)

    asked: list[bool] = []

    def open_session(graphs: bool) -> Session:
        asked.append(graphs)
        return Broken(path, graphs)

    with pytest.raises(MemoryError):
        warmed_up(open_session, 4, 4)
    assert asked == [True, False]


class Counted:
    """Computes for so many seconds, and knows how many did at once."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.most = 0
        self._inside = 0
        self._lock = Lock()

    def __call__(self, rows: Sequence[Pixels]) -> list[Probabilities]:
        with self._lock:
            self._inside += 1
            self.most = max(self.most, self._inside)
        time.sleep(self.seconds)
        with self._lock:
            self._inside -= 1
        return [np.full(2, row.mean(), np.float32) for row in rows]


@pytest.mark.parametrize(("seconds", "most"), [(2 * LONG, 2), (LONG / 10, 6)])
def test_long_runs_go_in_turn(path: Path, seconds: float, most: int) -> None:
    compute = Counted(seconds)
    at_most_two = ImageRun(Watched(path, "cpu", False), compute, None).at_most(2)
    compute.seconds = 2 * LONG  # so that those who may, meet
    together = Barrier(6)

    def call(value: int) -> float:
        together.wait(30)
        ((first, _),) = at_most_two([np.full((4, 4, 3), value, np.uint8)])
        return float(first)

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(call, range(6))) == [0, 1, 2, 3, 4, 5]
    assert compute.most == most
