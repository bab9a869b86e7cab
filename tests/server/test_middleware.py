"""Deadlines, clients that leave, overload and faults, on a server with one model thread."""

import asyncio
import select
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.lifecycle import Lifecycle
from server.middleware import RequestLayer
from server.settings import Settings
from tests import moody
from tests.live import LiveServer
from tests.moody import BLACK, GREEN, RED
from tests.wire import Wire, eventually, head, many, question, refused, request, sample_name, scrape

CALLERS, QUESTIONS = 64, 16
JSON = "Content-Type: application/json"


@pytest.fixture(scope="module")
def server(faq_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """One model thread, the smallest queue, and a picture that occupies the thread."""
    settings = moody.settings(tmp_path_factory.mktemp("models"))
    with LiveServer(settings | {"faq_model": faq_model, "queue_limit": 256, "port": 0}) as live:
        yield live


class Counts:
    """What has been added to the samples of /metrics since this was made."""

    def __init__(self, server: LiveServer) -> None:
        self._server = server
        self._before = scrape(server)

    def __call__(self, name: str, **labels: str) -> float:
        key = sample_name(name, **labels)
        return scrape(self._server)[key] - self._before[key]


@contextmanager
def occupied(server: LiveServer) -> Iterator[Wire]:
    """The only model thread computes while the block runs; the client's connection."""
    counts = Counts(server)
    with Wire(server).send(request("/v1/classify", RED)) as wire:
        eventually(lambda: counts("rtscore_batch_rows_count", model="image") == 1)
        yield wire
        assert wire.answer().status == 200


def unanswered(wire: Wire) -> bool:
    return select.select([wire.socket], [], [], 0)[0] == []


def texts_of(client: httpx.Client) -> list[str]:
    matches = client.post("/v1/faq", json={"question": "a", "top_k": 1000}).json()["matches"]
    return [match["question"] for match in matches]


def test_a_full_queue_refuses_at_once(server: LiveServer) -> None:
    counts = Counts(server)
    with occupied(server) as busy, Wire(server) as first, Wire(server) as second:
        first.send(many(["how do i sort an array"] * 256))
        eventually(lambda: counts("rtscore_queue_rows", model="faq") == 256)
        for sent in (many(["one more"]), question()):
            answer = second.send(sent).answer()
            assert answer.status == 503
            assert answer.json()["code"] == "overloaded"
            assert int(answer.headers["Retry-After"]) >= 1
            assert answer.headers["Connection"] is None
        # Nobody has waited for the model to say so.
        assert unanswered(busy)
        assert unanswered(first)
        assert counts("rtscore_rejected_total", model="faq", reason="overloaded") == 2
        assert counts("rtscore_requests_total", route="/v1/faq", status="503") == 2
        assert len(first.answer().json()["results"]) == 256
    assert counts("rtscore_queue_rows", model="faq") == 0


def test_under_a_flood_everyone_gets_the_own_answer_or_503(server: LiveServer) -> None:
    with server.client() as client:
        texts = texts_of(client) * 2
    calls = [many(texts[start : start + QUESTIONS]) for start in range(CALLERS)]

    def answered(call: bytes) -> tuple[int, Any]:
        with Wire(server).send(call) as wire:
            answer = wire.answer()
            return answer.status, answer.json()

    expected = [answered(call) for call in calls]
    assert {status for status, _ in expected} == {200}
    with occupied(server), ThreadPoolExecutor(CALLERS) as threads:
        flood = list(threads.map(answered, calls))
    assert {status for status, _ in flood} == {200, 503}
    for (status, content), (_, alone) in zip(flood, expected, strict=True):
        if status == 200:
            assert ids(content) == ids(alone)
    assert [status for status, _ in flood].count(200) >= 256 // QUESTIONS


def ids(content: Any) -> list[str]:
    return [result["matches"][0]["id"] for result in content["results"]]


def test_what_waits_past_its_deadline_is_not_computed(server: LiveServer) -> None:
    counts = Counts(server)
    with occupied(server) as busy, Wire(server) as wire:
        for sent in (
            many(["how do i sort an array"] * 256, "X-Timeout-Ms: 200"),
            many(["how do i sort an array"] * 2, "X-Timeout-Ms: 20"),
        ):
            answer = wire.send(sent).answer()
            assert answer.status == 504
            assert answer.json()["code"] == "deadline_exceeded"
        assert unanswered(busy)
        assert counts("rtscore_queue_rows", model="faq") == 0
    assert Wire.ask(server, question()).status == 200
    assert counts("rtscore_batch_rows_sum", model="faq") == 1
    assert counts("rtscore_rejected_total", model="faq", reason="deadline") == 2
    assert counts("rtscore_requests_total", route="/v1/faq", status="504") == 2


def test_a_request_can_not_ask_for_more_time_than_the_setting(
    serve: Callable[..., LiveServer], tmp_path: Path
) -> None:
    server = serve(**moody.settings(tmp_path) | {"timeout_ms": 300})
    sent = request("/v1/classify", RED, "X-Timeout-Ms: 999999999999999999999")
    answer = Wire.ask(server, sent)
    assert answer.status == 504
    assert "300 ms" in answer.json()["detail"]
    assert Wire.ask(server, request("/v1/classify", RED)).status == 504


def test_the_clock_starts_when_the_headers_are_in(server: LiveServer) -> None:
    body = b'{"question": "how do i sort an array"}'
    length = f"Content-Length: {len(body)}"
    with Wire(server).send(head("/v1/faq", JSON, length, "X-Timeout-Ms: 100")) as wire:
        answer = wire.send(body[:9]).answer()
        assert answer.status == 504
        # What is left of the body is no new request.
        assert wire.send(body[9:], question()).answer().status == 200


@pytest.mark.parametrize(
    "value", ["0", "-1", "1.5", "1e3", "soon", "", "1 000", "0x10", "\u0663", "+5", "5, 6"]
)
@pytest.mark.parametrize("path", ["/v1/faq", "/v1/classify"])
def test_a_wrong_timeout_is_refused(server: LiveServer, value: str, path: str) -> None:
    with server.client() as client:
        headers = {b"X-Timeout-Ms": value.encode()}
        detail = refused(client.post(path, headers=headers), 422, "invalid")
    assert "X-Timeout-Ms" in detail


@pytest.mark.parametrize("value", ["1000", "5000", "0005000", "9" * 4000])
def test_a_timeout_that_is_kept_changes_nothing(server: LiveServer, value: str) -> None:
    sent = question("how do i sort an array", f"X-Timeout-Ms: {value}")
    assert Wire.ask(server, sent).status == 200


def test_a_body_that_is_too_slow_is_408(serve: Callable[..., LiveServer], tmp_path: Path) -> None:
    server = serve(**moody.settings(tmp_path), body_timeout_ms=200)
    form = "Content-Type: multipart/form-data; boundary=b"
    for path, header, start in (
        ("/v1/faq", JSON, b"{"),
        ("/v1/classify", "Content-Type: image/png", BLACK[:9]),
        ("/v1/classify", form, b"--b\r\n"),
    ):
        with Wire(server).send(head(path, header, "Content-Length: 100"), start) as wire:
            for _ in range(3):  # a trickle is no excuse
                time.sleep(0.05)
                wire.send(b"a")
            answer = wire.answer()
            assert answer.status == 408
            assert answer.json()["code"] == "request_timeout"
            assert answer.headers["Connection"] == "close"
            assert wire.is_closed()
    counts = scrape(server)
    assert counts[sample_name("rtscore_requests_total", route="/v1/classify", status="408")] == 2


def test_the_waiting_work_of_a_client_that_leaves_is_dropped(server: LiveServer) -> None:
    counts = Counts(server)
    with occupied(server) as busy:
        with Wire(server).send(many(["how do i sort an array"] * 256)):
            eventually(lambda: counts("rtscore_queue_rows", model="faq") == 256)
        eventually(lambda: counts("rtscore_queue_rows", model="faq") == 0)
        eventually(lambda: gone(counts, "/v1/faq") == 1)
        assert unanswered(busy)
    assert counts("rtscore_rejected_total", model="faq", reason="cancelled") == 1
    assert counts("rtscore_batch_rows_sum", model="faq") == 0
    assert counts("rtscore_in_flight") == 0


def gone(counts: Counts, route: str) -> float:
    return counts("rtscore_requests_total", route=route, status="499")


def test_a_client_that_leaves_while_its_picture_is_computed(server: LiveServer) -> None:
    counts = Counts(server)
    with Wire(server).send(request("/v1/classify", RED)):
        eventually(lambda: counts("rtscore_batch_rows_count", model="image") == 1)
    eventually(lambda: gone(counts, "/v1/classify") == 1)
    assert counts("rtscore_rejected_total", model="image", reason="cancelled") == 1
    assert counts("rtscore_in_flight") == 0
    # The thread is free again when it has finished.
    assert Wire.ask(server, request("/v1/classify", BLACK)).status == 200


def test_a_client_that_leaves_with_more_requests_on_their_way(server: LiveServer) -> None:
    counts = Counts(server)
    with Wire(server).send(request("/v1/classify", RED), question()):
        eventually(lambda: counts("rtscore_batch_rows_count", model="image") == 1)
    eventually(lambda: gone(counts, "/v1/classify") == 1)
    assert counts("rtscore_in_flight") == 0
    assert counts("rtscore_batch_rows_count", model="faq") == 0


def test_a_client_that_closes_its_own_side_is_taken_for_one_that_left(server: LiveServer) -> None:
    """TCP tells the two apart only once an answer is written, too late to save its work."""
    counts = Counts(server)
    with Wire(server).send(request("/v1/classify", RED)) as wire:
        eventually(lambda: counts("rtscore_batch_rows_count", model="image") == 1)
        wire.socket.shutdown(socket.SHUT_WR)
        assert wire.is_closed()
    eventually(lambda: gone(counts, "/v1/classify") == 1)


@pytest.mark.parametrize("path", ["/v1/faq", "/v1/classify"])
def test_a_client_that_leaves_in_the_midst_of_its_body(server: LiveServer, path: str) -> None:
    counts = Counts(server)
    with Wire(server).send(head(path, JSON, "Content-Length: 100"), b'{"'):
        eventually(lambda: counts("rtscore_in_flight") == 1)
    eventually(lambda: gone(counts, path) == 1)
    assert counts("rtscore_in_flight") == 0


def test_a_fault_of_ours_is_told_without_a_trace(server: LiveServer) -> None:
    counts = Counts(server)
    with Wire(server).send(request("/v1/classify", GREEN, "X-Request-ID: the-fault")) as wire:
        answer = wire.answer()
        problem = answer.json()
        assert (answer.status, problem["status"], problem["code"]) == (500, 500, "internal")
        assert problem["request_id"] == "the-fault"
        for word in (b"Traceback", b"Gather", b"onnx", b".py", b"/"):
            assert word not in answer.body
        # The connection, the model and the server live on.
        assert wire.send(request("/v1/classify", BLACK)).answer().status == 200
        assert wire.send(head("/readyz", method="GET")).answer().status == 200
    assert counts("rtscore_requests_total", route="/v1/classify", status="500") == 1
    eventually(lambda: len(server.lines_of("the-fault")) == 2)
    told = server.lines_of("the-fault")
    assert [line["message"] for line in told] == ["internal error", "request"]
    assert "Gather" in told[0]["exception"]
    assert told[0]["level"] == "error"


@pytest.mark.parametrize("cpu_mode", ["throughput", "latency"])
def test_many_pictures_at_once_and_everyone_gets_the_own_answer(
    image_model: Path, cpu_mode: str
) -> None:
    colours = [f"hsl({hue}, 90%, {light}%)" for hue in range(0, 360, 30) for light in (30, 60)]
    sent = [request("/v1/classify?top_k=1", moody.picture(colour)) for colour in colours]
    settings = {"faq_model": "", "image_model": image_model, "cpu_mode": cpu_mode, "port": 0}
    with LiveServer(settings) as server:

        def best(call: bytes) -> dict[str, Any]:
            best: dict[str, Any] = Wire.ask(server, call).json()["predictions"][0]
            return best

        alone = [best(call) for call in sent]
        with ThreadPoolExecutor(len(sent)) as threads:
            together = list(threads.map(best, sent))
        runs = scrape(server)[sample_name("rtscore_batch_rows_count", model="image")]
    assert len({one["probability"] for one in alone}) > len(alone) / 2
    for one, other in zip(alone, together, strict=True):
        assert one["index"] == other["index"]
        assert one["probability"] == pytest.approx(other["probability"], abs=1e-4)
    if cpu_mode == "throughput":
        assert runs == 2 * len(sent)
    else:
        assert runs < 2 * len(sent)  # some did share a batch


@pytest.fixture
def side_by_side(tmp_path: Path) -> Iterator[LiveServer]:
    """Two threads for pictures, another for questions; 256 rows of each may wait."""
    settings = moody.settings(tmp_path, 4) | {"cpu_mode": "throughput", "queue_limit": 256}
    with LiveServer(settings | {"port": 0}) as live:
        yield live


@contextmanager
def pictures_computed(server: LiveServer) -> Iterator[None]:
    """Both threads for pictures compute while the block runs."""
    counts = Counts(server)
    with Wire(server).send(request("/v1/classify", RED)) as one, Wire(server) as two:
        two.send(request("/v1/classify", RED))
        eventually(lambda: counts("rtscore_batch_rows_count", model="image") == 2)
        yield
        assert unanswered(one)
        assert unanswered(two)
        assert (one.answer().status, two.answer().status) == (200, 200)


def test_questions_do_not_wait_for_pictures(side_by_side: LiveServer) -> None:
    with pictures_computed(side_by_side):
        answer = Wire.ask(side_by_side, many(["how do i sort an array"] * 2))
        assert answer.status == 200


def test_pictures_that_find_no_room_are_refused_at_once(side_by_side: LiveServer) -> None:
    counts = Counts(side_by_side)
    with ExitStack() as stack:
        black = request("/v1/classify", BLACK)
        with pictures_computed(side_by_side):
            waiting = [stack.enter_context(Wire(side_by_side).send(black)) for _ in range(256)]
            eventually(lambda: counts("rtscore_queue_rows", model="image") == 256)
            refusal = Wire.ask(side_by_side, black)
            assert refusal.status == 503
            assert refusal.json()["code"] == "overloaded"
            assert int(refusal.headers["Retry-After"]) >= 1
        assert {wire.answer().status for wire in waiting} == {200}
    assert counts("rtscore_rejected_total", model="image", reason="overloaded") == 1
    assert counts("rtscore_requests_total", route="/v1/classify", status="200") == 258
    assert counts("rtscore_queue_rows", model="image") == 0


def test_a_picture_that_waits_for_too_long_or_for_nobody_is_not_computed(
    side_by_side: LiveServer,
) -> None:
    counts = Counts(side_by_side)
    with pictures_computed(side_by_side):
        late = Wire.ask(side_by_side, request("/v1/classify", BLACK, "X-Timeout-Ms: 50"))
        assert late.status == 504
        with Wire(side_by_side).send(request("/v1/classify", BLACK)):
            eventually(lambda: counts("rtscore_queue_rows", model="image") == 1)
        eventually(lambda: gone(counts, "/v1/classify") == 1)
        assert counts("rtscore_queue_rows", model="image") == 0
    assert Wire.ask(side_by_side, request("/v1/classify", BLACK)).status == 200
    assert counts("rtscore_batch_rows_count", model="image") == 3


def test_what_is_no_picture_is_refused_by_the_thread_that_would_compute_it(
    side_by_side: LiveServer,
) -> None:
    counts = Counts(side_by_side)
    assert Wire.ask(side_by_side, request("/v1/classify", b"no picture")).status == 400
    assert counts("rtscore_rejected_total", model="image", reason="bad_request") == 1
    assert counts("rtscore_batch_rows_count", model="image") == 0


async def ask_in_process(app: ASGIApp, timeout_ms: int, connection: object) -> list[Message]:
    """What the layer around `app` sends to a request on `connection`."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {"type": "http", "method": "POST", "path": "/v1/faq", "headers": []}
    scope["state"] = {} if connection is None else {"connection": connection}
    layer = RequestLayer(app, Settings(timeout_ms=timeout_ms), Lifecycle())
    await layer(scope, receive, send)  # in the task of the test, which goes on
    return sent


class Leaves:
    """A connection whose client leaves after `seconds`; it is told of no other way."""

    def __init__(self, seconds: float) -> None:
        self.on_lost: Callable[[], object] | None = None
        asyncio.get_running_loop().call_later(seconds, self._leave)

    def _leave(self) -> None:
        assert self.on_lost is not None
        self.on_lost()

    def corked(self) -> AbstractContextManager[None]:
        return nullcontext()


@pytest.mark.parametrize("first", ["deadline", "client"])
async def test_who_left_in_the_moment_of_the_deadline_gets_no_answer(first: str) -> None:
    """Both are told before the task runs again; whichever was first, nobody reads a 504."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        # What holds the loop up makes both timers due in one turn of it.
        asyncio.get_running_loop().call_later(0.01, time.sleep, 0.1)
        await asyncio.sleep(60)

    connection = Leaves(0.06 if first == "deadline" else 0.03)
    assert await ask_in_process(app, 40, connection) == []


async def test_a_deadline_after_the_answer_is_none() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204})
        await send({"type": "http.response.body"})

    head, _ = await ask_in_process(app, 20, None)
    await asyncio.sleep(0.05)  # would be cancelled
    assert head["status"] == 204


async def test_a_late_request_may_still_send_its_answer() -> None:
    """Its task counts as cancelled no more, or sending the error would be given up too."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(60)

    head, _ = await ask_in_process(app, 20, None)
    assert head["status"] == 504
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
