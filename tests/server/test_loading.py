"""Loaded models in a real server: batches, modes, warm-up."""

import asyncio
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import httpx
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from server.errors import BadRequest, StartupError
from server.loading import load_faq, load_image
from server.pool import Pool
from server.runners import Runners
from server.session import Device, Session
from server.settings import Settings
from server.stages import Stages
from tests import moody
from tests.gpu import EACH_DEVICE
from tests.live import LiveServer
from tests.tiny import (
    SUBWORDS,
    encoder_graph,
    faq_contract,
    faq_graph,
    image_contract,
    image_graph,
    stamped,
    write,
)
from tests.wire import sample_name, scrape

Serve = Callable[..., LiveServer]
TEXTS = [f"how do i sort an array of {number} numbers" for number in range(100)]


def results(client: httpx.Client) -> list[Any]:
    answer = client.post("/v1/faq", json={"questions": TEXTS, "top_k": 1})
    found: list[Any] = answer.json()["results"]
    return found


def test_a_large_call_is_split_over_batches(serve: Serve, server: LiveServer) -> None:
    small = serve(image_model="", max_batch_faq=7)
    with server.client() as client, small.client() as other:
        for one, same in zip(results(client), results(other), strict=True):
            assert one["matches"][0]["id"] == same["matches"][0]["id"]
            assert one["matches"][0]["probability"] == pytest.approx(
                same["matches"][0]["probability"], abs=1e-5
            )
    counts = scrape(small)
    assert counts[sample_name("rtscore_batch_rows_sum", model="faq")] == 100
    assert counts[sample_name("rtscore_batch_rows_count", model="faq")] == 15
    assert counts[sample_name("rtscore_batch_rows_bucket", model="faq", le="8.0")] == 15


def test_both_modes_of_the_cpu_give_the_same_answers(
    serve: Serve, server: LiveServer, flower: Path
) -> None:
    latency = serve(faq_model="", cpu_mode="latency", threads=2)
    found = []
    for live in (server, latency):
        with live.client() as client:
            answer = client.post("/v1/classify", content=flower.read_bytes())
            found.append(answer.json()["predictions"])
    for one, same in zip(*found, strict=True):
        assert one["label"] == same["label"]
        assert one["probability"] == pytest.approx(same["probability"], abs=1e-4)


@EACH_DEVICE
@pytest.mark.parametrize("cpu_mode", ["throughput", "latency"])
async def test_pictures_get_their_own_answers(
    tmp_path: Path, device: Device, cpu_mode: Literal["throughput", "latency"]
) -> None:
    """However they come together: one by one, in batches, on a GPU in batches that are padded."""
    path = write(tmp_path, stamped(image_graph(), image_contract()))
    runners, decoders = Runners(3), Pool(3, 99, "decode")
    settings = Settings(
        device=device, max_batch_image=5, gpu_memory_mib=512, cpu_mode=cpu_mode, faq_model=None
    )
    model = load_image(path, settings, runners, decoders, 1)
    assert model.session.device == device
    model.queue.start()
    pictures = [png(np.full((4, 4, 3), 6 * number, np.uint8)) for number in range(40)]
    stages = [Stages() for _ in pictures]
    found = await asyncio.gather(
        *(model.score([one], stage) for one, stage in zip(pictures, stages, strict=True))
    )
    await model.queue.stop()
    for each in (model, runners, decoders):
        each.close()
    alone = Session(path)
    for number, (answer,) in enumerate(found):
        rows = np.full((1, 4, 4, 3), 6 * number, np.uint8)
        (expected,) = alone.run({"image": rows})
        np.testing.assert_allclose(answer.probabilities, expected, atol=1e-5)
    assert {tuple(sorted(one.seconds)) for one in stages} == {("decode", "infer", "queue")}


@pytest.mark.parametrize("cpu_mode", ["throughput", "latency"])
async def test_what_is_no_picture_is_its_callers_alone(
    tmp_path: Path, cpu_mode: Literal["throughput", "latency"]
) -> None:
    path = write(tmp_path, stamped(image_graph(), image_contract()))
    runners, decoders = Runners(1), Pool(1, 9, "decode")
    settings = Settings(device="cpu", cpu_mode=cpu_mode)
    model = load_image(path, settings, runners, decoders, 1)
    model.queue.start()
    fine, wrong = png(np.zeros((4, 4, 3), np.uint8)), b"no picture"
    found = await asyncio.gather(
        *(model.score([one], Stages()) for one in (fine, wrong, fine)), return_exceptions=True
    )
    await model.queue.stop()
    for each in (model, runners, decoders):
        each.close()
    first, error, last = found
    assert isinstance(error, BadRequest)
    assert not isinstance(first, BaseException)
    assert not isinstance(last, BaseException)
    assert list(first[0].probabilities) == list(last[0].probabilities)


def png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """The pixels as a file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def threads_of(session: Session) -> int:
    """How many threads ONNX Runtime was told to use for one run."""
    threads: int = session._session.get_session_options().intra_op_num_threads
    return threads


def test_an_encoder_gets_every_thread_that_a_run_may_have(tmp_path: Path) -> None:
    runners = Runners(1)
    contract = faq_contract(subwords=SUBWORDS)
    encoder = write(tmp_path, stamped(encoder_graph(), contract), "encoder.onnx")
    lexical = write(tmp_path, stamped(faq_graph(), faq_contract()), "lexical.onnx")
    settings = Settings(device="cpu")
    assert threads_of(load_faq(encoder, settings, runners, 2).session) == 2
    assert threads_of(load_faq(encoder, settings, runners).session) == 1
    assert threads_of(load_faq(lexical, settings, runners, 2).session) == 1
    runners.close()


def test_a_batch_may_wait_for_more(serve: Serve, tmp_path: Path) -> None:
    """A picture on the CPU, where a run has all threads; side by side none waits for others."""
    server = serve(**moody.settings(tmp_path), max_wait_ms=50, max_batch_image=2)
    with server.client() as client:
        assert client.post("/v1/classify", content=moody.BLACK).status_code == 200
        answer = client.post("/v1/classify", content=moody.BLACK)
    stages = dict(part.split(";dur=") for part in answer.headers["Server-Timing"].split(", "))
    assert float(stages["queue"]) >= 49  # for another that does not come


async def test_a_graph_that_fails_on_its_first_run_stops_the_start(tmp_path: Path) -> None:
    path = write(tmp_path, stamped(faq_graph(terms=2), faq_contract()))
    with pytest.raises(StartupError, match=r"^\S+model\.onnx failed on its first run: [^\n]+$"):
        load_faq(path, Settings(), Runners(1))


async def test_a_file_for_the_other_task_stops_the_start(tmp_path: Path) -> None:
    faq = write(tmp_path, stamped(faq_graph(), faq_contract()), "faq.onnx")
    image = write(tmp_path, stamped(image_graph(), image_contract()), "image.onnx")
    with pytest.raises(StartupError, match=r"^\S+image\.onnx is a model for the task 'image'"):
        load_faq(image, Settings(), Runners(1))
    with pytest.raises(StartupError, match=r"^\S+faq\.onnx is a model for the task 'faq'"):
        load_image(faq, Settings(), Runners(1), Pool(1, 9, "decode"), 1)


def test_no_more_large_pictures_are_decoded_at_once_than_threads_decode(
    serve: Serve, tmp_path: Path
) -> None:
    """Side by side twice as many threads take pictures, but not that memory."""
    server = serve(**moody.settings(tmp_path) | {"cpu_mode": "throughput", "threads": 1})
    status = Path(f"/proc/{server.process.pid}/status")

    def peak() -> int:
        """MB that the process has had at the most."""
        return int(status.read_text().split("VmHWM:")[1].split()[0]) // 1000

    large = png(np.zeros((7000, 7000, 3), np.uint8))  # 196 MB for Pillow

    def classify(_: int) -> int:
        with server.client() as client:
            return client.post("/v1/classify", content=large).status_code

    assert classify(0) == 200
    one = peak()
    with ThreadPoolExecutor(6) as callers:
        assert list(callers.map(classify, range(6))) == [200] * 6
    assert peak() < one + 100
