"""Stopping a real process while requests are in flight."""

import json
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from http.client import HTTPMessage
from pathlib import Path

import pytest

from tests import moody
from tests.live import LiveServer
from tests.moody import BLACK, RED
from tests.wire import Wire, eventually, head, many, question, request, sample_name, scrape

BODY = json.dumps({"question": "how do i sort an array"}).encode()
HEAD = head("/v1/faq", "Content-Type: application/json", f"Content-Length: {len(BODY)}")
Serve = Callable[..., LiveServer]


def get(server: LiveServer, path: str) -> int:
    return Wire.ask(server, head(path, method="GET")).status


def in_flight(server: LiveServer) -> float:
    return scrape(server)[sample_name("rtscore_in_flight")] - 1  # which asks


def begin(server: LiveServer) -> Wire:
    """A request that lacks the end of its body, noticed by the server."""
    before = in_flight(server)
    wire = Wire(server).send(HEAD, BODY[:9])
    eventually(lambda: in_flight(server) == before + 1)
    return wire


def drain(server: LiveServer, with_signal: int = signal.SIGTERM) -> None:
    server.process.send_signal(with_signal)
    eventually(lambda: get(server, "/readyz") == 503)


def closes(headers: HTTPMessage) -> bool:
    return headers["Connection"] == "close"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_is_in_flight_is_finished_and_nothing_new_begins(
    serve: Serve, tmp_path: Path, number: signal.Signals
) -> None:
    server = serve(**moody.settings(tmp_path))
    with Wire(server) as idle, begin(server) as begun:
        assert idle.send(question()).answer().status == 200
        assert get(server, "/readyz") == 200
        drain(server, number)
        # The listener is open, and says at once what is going on.
        readiness = Wire.ask(server, head("/readyz", method="GET"))
        assert readiness.json()["code"] == "shutting_down"
        assert int(readiness.headers["Retry-After"]) >= 1
        assert get(server, "/healthz") == get(server, "/metrics") == 200
        for wire in (Wire(server), idle):
            with wire:
                refused = wire.send(question()).answer()
                assert refused.status == 503
                assert refused.json()["code"] == "shutting_down"
                assert int(refused.headers["Retry-After"]) >= 1
                assert closes(refused.headers)
                assert wire.is_closed()
        assert get(server, "/v1/models") == 503
        finished = begun.send(BODY[9:]).answer()
        assert finished.status == 200
        assert finished.json()["matches"]
        assert server.wait() == 0
    assert [line["signal"] for line in server.logs if line["message"] == "draining"] == [
        number.name
    ]


def test_work_that_waits_or_runs_is_finished(serve: Serve, tmp_path: Path) -> None:
    server = serve(**moody.settings(tmp_path), max_batch_image=1)
    with Wire(server) as first, Wire(server) as second, Wire(server) as third:
        first.send(request("/v1/classify", RED))
        runs = sample_name("rtscore_batch_rows_count", model="image")
        eventually(lambda: scrape(server)[runs] == 1)
        second.send(request("/v1/classify", BLACK))
        third.send(many(["how do i sort an array"] * 2))
        eventually(lambda: in_flight(server) == 3)
        drain(server)
        assert first.answer().status == 200
        assert second.answer().status == 200
        assert third.answer().status == 200
        assert server.wait() == 0


def test_pictures_that_wait_or_run_side_by_side_are_finished(serve: Serve, tmp_path: Path) -> None:
    server = serve(**moody.settings(tmp_path) | {"cpu_mode": "throughput"})
    with Wire(server) as first, Wire(server) as second, Wire(server) as third:
        wires = (first, second, third)
        for wire in wires:
            wire.send(request("/v1/classify", RED))
        waiting = sample_name("rtscore_queue_rows", model="image")
        eventually(lambda: scrape(server)[waiting] == 1)
        drain(server)
        assert [wire.answer().status for wire in wires] == [200, 200, 200]
        assert server.wait() == 0


def test_who_never_finishes_is_not_waited_for_longer_than_the_setting(
    serve: Serve, tmp_path: Path
) -> None:
    server = serve(**moody.settings(tmp_path), drain_seconds=2, body_timeout_ms=600_000)
    with Wire(server) as half_a_head, Wire(server), begin(server) as begun:
        half_a_head.send(HEAD[:20])
        server.terminate()
        answer = begun.answer()
        assert answer.status == 503
        assert answer.json()["code"] == "shutting_down"
        assert closes(answer.headers)
        assert server.wait() == 0
        assert half_a_head.is_closed()
    assert [line["cancelled"] for line in server.logs if line["message"] == "drain time is over"]
    assert [line["status"] for line in server.logs if line["message"] == "request"] == [503]


def test_who_does_not_read_the_answer_is_not_waited_for(serve: Serve, faq_model: Path) -> None:
    server = serve(image_model="", faq_model=faq_model, drain_seconds=2)
    body = json.dumps({"questions": ["a"] * 10, "top_k": 1000}).encode()
    call = request("/v1/faq", body, "Content-Type: application/json")
    with Wire(server) as deaf:
        deaf.socket.setblocking(False)
        try:
            while True:
                deaf.send(call)
        except BlockingIOError:  # nothing more goes in, for nothing comes out
            server.terminate()
        assert server.wait() == 0


def test_a_second_signal_ends_at_once(serve: Serve, tmp_path: Path) -> None:
    server = serve(**moody.settings(tmp_path), drain_seconds=3600, body_timeout_ms=3_600_000)
    with begin(server):
        drain(server)
        time.sleep(0.3)
        assert server.process.poll() is None
        server.terminate()
        assert server.wait() == 0


@pytest.mark.parametrize("signals", [1, 2])
def test_a_model_run_without_end_does_not_keep_the_process(
    serve: Serve, tmp_path: Path, signals: int
) -> None:
    patience = 1 if signals == 1 else 3600
    server = serve(**moody.settings(tmp_path, seconds=600), drain_seconds=patience)
    with Wire(server).send(request("/v1/classify", RED)) as wire:
        runs = sample_name("rtscore_batch_rows_count", model="image")
        eventually(lambda: scrape(server)[runs] == 1)
        drain(server)
        if signals == 2:
            server.terminate()
        else:
            assert wire.answer().status == 503
        assert server.wait() == 0
    assert server.process.stderr is not None
    assert "Traceback" not in "".join(server.lines) + server.process.stderr.read()


def test_an_idle_server_stops_and_tells_its_idle_clients(serve: Serve, tmp_path: Path) -> None:
    server = serve(**moody.settings(tmp_path))
    with Wire(server) as silent, Wire(server) as idle:
        assert idle.send(question()).answer().status == 200
        assert server.stop() == 0
        assert silent.is_closed()
        assert idle.is_closed()
    assert server.process.stderr is not None
    assert server.process.stderr.read() == ""


def test_under_load_every_request_that_is_taken_is_answered(serve: Serve, tmp_path: Path) -> None:
    server = serve(**moody.settings(tmp_path))
    statuses: list[int] = []
    with ExitStack() as stack:
        wires = [stack.enter_context(Wire(server)) for _ in range(8)]
        for turn in range(200):
            if turn == 100:
                server.terminate()
            for wire in list(wires):
                try:
                    answer = wire.send(question()).answer()
                except (OSError, AssertionError):
                    assert turn >= 100  # idle connections are closed in the end
                    wires.remove(wire)
                    continue
                statuses.append(answer.status)
                if closes(answer.headers):
                    wires.remove(wire)
    assert server.wait() == 0
    assert set(statuses) <= {200, 503}
    assert statuses.count(200) >= 8 * 100


def test_a_client_that_does_not_read_its_answer_holds_nothing_up(serve: Serve) -> None:
    server = serve(drain_seconds=3)
    many = json.dumps({"questions": ["how do i sort an array"] * 256, "top_k": 39}).encode()
    with Wire(server) as wire:
        # An answer of megabytes that fills the socket, and behind it a body that never ends.
        wire.send(request("/v1/faq", many, "Content-Type: application/json"), HEAD, BODY[:9])
        eventually(lambda: in_flight(server) >= 1)
        assert server.stop() == 0


def test_a_client_that_does_not_read_its_answer_is_given_up(serve: Serve) -> None:
    server = serve(timeout_ms=1000)
    many = json.dumps({"questions": ["how do i sort an array"] * 256, "top_k": 39}).encode()
    with Wire(server) as wire:
        wire.send(request("/v1/faq", many, "Content-Type: application/json"), HEAD, BODY[:9])
        eventually(lambda: in_flight(server) >= 1)
        eventually(lambda: in_flight(server) == 0)
