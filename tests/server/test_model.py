"""Loaded models in a real server: batches, modes, warm-up."""

import asyncio
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper, numpy_helper

from server.batcher import Runners
from server.contract import FaqContract
from server.errors import StartupError
from server.model import _PART, Model, load_faq, load_image, parts
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
async def test_pictures_get_their_own_answers(tmp_path: Path, device: Device) -> None:
    """However they come together; on a GPU in batches that are padded."""
    path = write(tmp_path, stamped(image_graph(), image_contract()))
    runners = Runners(3)
    settings = Settings(device=device, max_batch_image=5, gpu_memory_mib=512)
    model = load_image(path, settings, runners, 1)
    assert model.session.device == device
    model.batcher.start()
    calls = [
        [np.full((4, 4, 3), (7 * call + 50 * row) % 256, np.uint8) for row in range(call % 7 + 1)]
        for call in range(40)
    ]
    found = await asyncio.gather(*(model.batcher.submit(rows, Stages()) for rows in calls))
    await model.batcher.stop()
    model.close()
    runners.close()
    alone = Session(path)
    for rows, answers in zip(calls, found, strict=True):
        np.testing.assert_allclose(answers, alone.run({"image": np.stack(rows)}), atol=1e-5)


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
    server = serve(**moody.settings(tmp_path), max_wait_ms=50, max_batch_image=2)
    with server.client() as client:
        assert client.post("/v1/classify", content=moody.BLACK).status_code == 200
        answer = client.post("/v1/classify", content=moody.BLACK)
    stages = dict(part.split(";dur=") for part in answer.headers["Server-Timing"].split(", "))
    assert float(stages["queue"]) >= 49  # for another that does not come


def asked(number: int) -> str:
    """A question of 0 to 3 dates and 0 to 4 arrays, in between words that are not known."""
    return "date " * (number % 4) + "of " * (number % 3) + "array " * (number % 5)


def served(
    graph: onnx.ModelProto, tmp_path: Path, runners: Runners, **settings: Any
) -> Model[FaqContract]:
    contract = faq_contract(subwords=SUBWORDS)
    path = write(tmp_path, stamped(graph, contract))
    return load_faq(path, Settings(device="auto", **settings), runners)


async def test_questions_of_any_length_get_their_own_answers(tmp_path: Path) -> None:
    """However they are put together for the encoder."""
    runners = Runners(1)
    model = served(encoder_graph(), tmp_path, runners, max_batch_faq=200)
    rows = [model.contract.encode(asked(number)) for number in range(150)]
    model.batcher.start()
    found = await model.batcher.submit(rows, Stages())
    await model.batcher.stop()
    runners.close()
    expected = [model.session.run(model.contract.feeds([row]))[0] for row in rows]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert len({tuple(row) for row in np.round(found, 3)}) == 8  # by the arrays less the dates


def slow_encoder() -> onnx.ModelProto:
    """One that takes milliseconds for any question."""
    graph = encoder_graph()
    many = numpy_helper.from_array(np.array([2000, 2000]), "many")
    zero = numpy_helper.from_array(np.zeros(1, np.float32), "zero")
    graph.graph.initializer.extend([many, zero])
    softmax = graph.graph.node.pop()
    graph.graph.node.extend(
        [
            helper.make_node("ReduceMax", ["times"], ["most"], keepdims=0),
            helper.make_node("Expand", ["most", "many"], ["wide"]),
            helper.make_node("Sin", ["wide"], ["waves"]),
            helper.make_node("ReduceSum", ["waves"], ["total"], keepdims=0),
            helper.make_node("Mul", ["total", "zero"], ["nothing"]),
            helper.make_node("Add", ["summed", "nothing"], ["logits"]),
            helper.make_node("Softmax", ["logits"], list(softmax.output)),
        ]
    )
    return graph


async def test_a_slow_encoder_never_runs_on_the_event_loop(tmp_path: Path) -> None:
    """Not even for a question without one known term."""
    runners = Runners(1)
    model = served(slow_encoder(), tmp_path, runners)
    model.batcher.start()
    stages = Stages()
    await model.batcher.submit([model.contract.encode("日本語")], stages)
    await model.batcher.stop()
    runners.close()
    assert stages.seconds["queue"] > 0  # 0 where it ran at once


@given(st.lists(st.integers(0, 40_000), max_size=60))
def test_parts_are_of_like_sizes_and_hold_every_place_once(sizes: list[int]) -> None:
    found = list(parts(sizes))
    places = [place for part in found for place in part]
    assert sorted(places) == list(range(len(sizes)))
    ordered = [sizes[place] for place in places]
    assert ordered == sorted(sizes)
    for part, after in itertools.pairwise([*found, []]):
        padded = len(part) * max(sizes[place] for place in part)
        assert len(part) == 1 or padded <= _PART
        if after:
            assert (len(part) + 1) * sizes[after[0]] > _PART


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
        load_image(faq, Settings(), Runners(1), 1)
