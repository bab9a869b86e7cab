"""The benchmark of pictures: from end to end with a tiny model, and what its figures mean."""

import io
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import images, images_decoders
from benchmarks.images_decoders import EXACT, LARGE, OURS, SMALL
from benchmarks.images_turns import WARM_UP, Program, Turn, figures, take_turns
from tests import tiny
from tests.live import LiveServer


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A tiny image model's file."""
    return tiny.write(tmp_path, tiny.stamped(tiny.image_graph(), tiny.image_contract()))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with a dark picture and a bright one, which stands upright."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    Image.new("RGB", (60, 40), "black").save(folder / "dark.png")
    Image.new("L", (40, 60), "white").save(folder / "bright.png")
    return folder


@pytest.fixture
def server(model: Path) -> Iterator[LiveServer]:
    """A server of the tiny model."""
    with LiveServer({"image_model": model, "faq_model": "", "port": 0}) as live:
        yield live


def test_every_figure_is_on_the_page(model: Path, pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "images.md"
    arguments = [str(model), "--pictures", str(pictures), "--processes", "2"]
    arguments += ["--turns", "2", "--seconds", "0.2"]
    assert images.main([*arguments, "-o", str(out)]) == 0
    page = out.read_text(encoding="utf-8")
    for row in ("model | fp32", "model | fp32 | throughput", "model | fp32 | latency"):
        assert f"| {row} | " in page
    for decoder in (OURS, EXACT):
        (row,) = (line for line in page.splitlines() if line.startswith(f"| {decoder} |"))
        _, small_ms, small, large_ms, large = row.strip("| ").split(" | ")
        assert min(float(small_ms), float(large_ms)) > 0
        assert (small, large) == ("2", "2")
    assert "nan" not in page
    assert out.with_suffix(".png").read_bytes().startswith(b"\x89PNG")


def scored(server: LiveServer) -> float:
    """How many pictures the server has scored."""
    with server.client() as client:
        metrics = client.get("/metrics").text
    (count,) = (
        line.rpartition(" ")[2]
        for line in metrics.splitlines()
        if line.startswith("rtscore_requests_total") and "classify" in line and '"200"' in line
    )
    return float(count)


def test_the_load_knows_what_it_sent_and_used(server: LiveServer, pictures: Path) -> None:
    load = ("benchmarks.images_load", server.port, pictures, "--connections", 3)
    with Program.running(*load, server=server.process.pid) as program:
        take_turns([program], turns=2, seconds=0.2, title="load")
        found = program.figures()
    assert 0 < found.rate * 0.4 <= scored(server)
    assert 0 < found.p50 <= found.p99
    assert 0 < found.loop_cpu < found.cpu
    assert 0 < found.load < 1


def test_an_answer_that_is_an_error_ends_the_benchmark(server: LiveServer, tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "broken.jpg").write_bytes(b"no picture")
    load = ("benchmarks.images_load", server.port, folder)
    with (
        Program.running(*load, server=server.process.pid) as program,
        pytest.raises(SystemExit, match="pictures failed"),
    ):
        program.figures()


def test_what_does_not_start_is_said(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"benchmarks.images_bare .* did not start"):
        Program.running("benchmarks.images_bare", tmp_path / "missing.onnx", tmp_path)


def test_only_one_program_runs_at_a_time(model: Path, pictures: Path) -> None:
    """And goes on in the midst of what it did: there are no pictures but in its turns."""
    bare = ("benchmarks.images_bare", model, pictures)
    with Program.running(*bare) as one, Program.running(*bare, "--loops", 2) as other:
        take_turns([one, other], turns=3, seconds=0.1, title="both")
        for program in (one, other):
            assert len(program.turns) == WARM_UP + 3
            spans = program.end()
            between = [
                ended
                for _, ended in spans
                for turn, following in pairwise(program.turns)
                if turn.ended + 0.02 < ended < following.begun
            ]
            assert between == []
            overlap = [(begun, before) for (_, before), (begun, _) in pairwise(sorted(spans))]
            assert any(begun < before for begun, before in overlap) == (program is other)


def test_the_time_between_turns_does_not_count() -> None:
    turns = [
        Turn(begun=10.0, ended=11.0, program=1.5, first_thread=0.1, load=0.25),
        Turn(begun=20.0, ended=21.0, program=1.5, first_thread=0.2, load=0.15),
    ]
    spans = [
        (9.0, 9.9),
        (9.5, 10.25),
        (10.25, 10.75),
        (10.75, 20.25),
        (20.25, 20.75),
        (20.75, 22.0),
    ]
    found = figures(turns, spans, cpus=2)
    assert found.rate == 4 / 2.0
    assert found.p50 == pytest.approx(0.5)  # 0.25, and 0.5 three times
    assert found.cpu == pytest.approx(3 / 4)
    assert found.loop_cpu == pytest.approx(0.3 / 4)
    assert found.load == pytest.approx(0.4 / 4)
    assert found.corrected == pytest.approx(2 / 0.9)
    with pytest.raises(SystemExit, match="less than 2 pictures"):
        figures(turns, spans[:2], cpus=2)


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_pictures_are_scaled_the_way_they_stand(size: tuple[int, int], pictures: Path) -> None:
    for name, wanted in (("dark.png", size), ("bright.png", size[::-1])):
        jpeg = images_decoders.scaled((pictures / name).read_bytes(), size)
        with Image.open(io.BytesIO(jpeg)) as picture:
            assert (picture.format, picture.size) == ("JPEG", wanted)


def test_every_decoder_sees_the_same_picture() -> None:
    ramp = np.linspace(0, 255, 500).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(np.stack([np.tile(ramp, (375, 1))] * 3, axis=2)).save(file, "JPEG", quality=95)
    contract = tiny.image_contract()
    decoders = images_decoders.decoders()
    exact = decoders[EXACT](file.getvalue(), contract)
    assert exact.shape == (tiny.SIDE, tiny.SIDE, 3)
    for name, decode in decoders.items():
        difference = decode(file.getvalue(), contract).astype(int) - exact
        assert np.abs(difference).max() <= 8, name
