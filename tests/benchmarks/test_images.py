"""The benchmark of pictures: from end to end with a tiny model, and what its figures mean."""

import io
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import images, images_decoders
from benchmarks.images_bare import Rate, bare
from benchmarks.images_decoders import EXACT, LARGE, OURS, SMALL
from benchmarks.images_served import Served, drive
from server.session import Feeds, Probabilities, Session
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
    arguments = [str(model), "--pictures", str(pictures), "--turns", "2", "--seconds", "0.1"]
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


def test_the_load_knows_what_it_sent_and_used(server: LiveServer, pictures: Path) -> None:
    served = drive(server, pictures, connections=3, seconds=0.2)
    with server.client() as client:
        metrics = client.get("/metrics").text
    (count,) = (
        line.rpartition(" ")[2]
        for line in metrics.splitlines()
        if line.startswith("rtscore_requests_total") and "classify" in line and '"200"' in line
    )
    assert served.raw.rate * 0.2 <= float(count)
    assert 0 < served.raw.p50 <= served.raw.p99
    assert 0 < served.load < 1


def test_an_answer_that_is_an_error_ends_the_benchmark(server: LiveServer, tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "broken.jpg").write_bytes(b"no picture")
    with pytest.raises(SystemExit, match="requests failed"):
        drive(server, folder, connections=1, seconds=0.1)


def test_a_rate_is_divided_by_the_share_that_the_load_leaves() -> None:
    rate = Rate.of([0.01] * 99 + [0.2], seconds=2.0, cpu=1.0)
    assert (rate.rate, rate.cpu, rate.p50) == (50.0, 0.01, 0.01)
    assert rate.p99 > rate.p50
    assert Served(rate, loop_cpu=0.0, load=0.2).corrected == pytest.approx(62.5)


def test_the_bare_loop_runs_on_every_thread(model: Path, pictures: Path) -> None:
    bodies = [path.read_bytes() for path in pictures.iterdir()]
    threads = set()

    class Watched(Session):
        def run(self, feeds: Feeds) -> Probabilities:
            threads.add(threading.get_ident())
            return super().run(feeds)

    session = Watched(model)
    assert bare(session, bodies, threads=2, seconds=0.1).rate > 0
    assert len(threads) == 2


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
