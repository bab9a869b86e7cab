"""The benchmark of GPUs: its ways and figures on the CPU, and what it says without a GPU."""

from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from benchmarks import cuda
from benchmarks.cuda import Timing
from server.session import Session
from tests import tiny
from tests.gpu import missing


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return tiny.write(tmp_path, tiny.stamped(tiny.image_graph(), tiny.image_contract()))


@pytest.mark.skipif(missing() is None, reason="a GPU is here")
def test_without_a_gpu_it_says_so(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "table.md"
    assert cuda.main(["--model", str(model), "-o", str(table)]) == 1
    assert "could not use CUDA here" in capsys.readouterr().err
    assert not table.exists()


@pytest.mark.gpu
def test_on_a_gpu_it_writes_a_table(model: Path, tmp_path: Path) -> None:
    table = tmp_path / "table.md"
    arguments = ["--model", str(model), "-o", str(table), "--most", "4", "--seconds", "0.1"]
    assert cuda.main(arguments) == 0
    assert "CUDA graphs, images/s" in table.read_text()


def test_every_way_gives_the_same_answers(model: Path) -> None:
    pictures = [np.full((tiny.SIDE, tiny.SIDE, 3), 60 * number, np.uint8) for number in range(3)]
    expected = Session(model).run({"image": np.stack(pictures)})
    with ExitStack() as stack:
        ways = dict(cuda.all_ways(model, "cpu", 4, stack))
        assert list(ways) == ["plain", "IO binding"]  # graphs are a GPU's
        for run in ways.values():
            np.testing.assert_allclose(run(pictures), expected, atol=1e-6)


def test_every_batch_size_is_measured_in_every_way(model: Path) -> None:
    with ExitStack() as stack:
        ways = dict(cuda.all_ways(model, "cpu", 4, stack))
        timings = list(cuda.measured(ways, model, 4, seconds=0.02))
    assert [(timing.batch, timing.way) for timing in timings] == [
        (batch, way) for batch in (1, 2, 4) for way in ways
    ]
    assert all(timing.images_per_second > 0 < timing.seconds for timing in timings)


def test_a_slow_run_is_timed_once_at_least() -> None:
    assert len(cuda.calls(lambda rows: [], [], seconds=0)) == 1


def test_the_table() -> None:
    timings = [
        Timing("plain", 1, 1000.4, 0.002),
        Timing("CUDA graphs", 1, 2000, 0.001),
        Timing("plain", 2, 1500, 0.0025),
        Timing("CUDA graphs", 2, 2500, 0.0012),
    ]
    table = cuda.as_markdown(timings, "image.onnx", "NVIDIA T4 (driver 580)")
    assert "with `image.onnx` on NVIDIA T4 (driver 580)" in table
    assert table.endswith(
        "| batch | plain, images/s | ms | CUDA graphs, images/s | ms |\n"
        "|---|---|---|---|---|\n"
        "| 1 | 1,000 | 2.00 | 2,000 | 1.00 |\n"
        "| 2 | 1,500 | 2.50 | 2,500 | 1.20 |\n"
    )
