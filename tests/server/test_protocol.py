"""What reaches the server as bytes: heads that are too large or not HTTP, pipelines, upgrades."""

import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from server import protocol
from server.protocol import KEEP_ALIVE_SECONDS, MAX_HEAD, LimitedProtocol
from tests.live import LiveServer
from tests.wire import Wire, head, question, request

HEALTH = head("/healthz", method="GET")
UPGRADE = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQCAA")


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", id="TLS"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", id="HTTP/2"),
        pytest.param(b"hello\r\n\r\n", id="words"),
        pytest.param(b"GET /healthz HTTP/9.9\r\n\r\n", id="version"),
        pytest.param(b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n", id="raw byte in the path"),
        pytest.param(b"GET ?a HTTP/1.1\r\nHost: a\r\n\r\n", id="no path"),
        pytest.param(head("/v1/faq", "Content-Length: 3", "Content-Length: 4"), id="two lengths"),
        pytest.param(head("/v1/faq", "Content-Length: -1"), id="negative length"),
        pytest.param(head("/v1/faq", "Content-Length: 9" + "9" * 30), id="endless length"),
        pytest.param(
            head("/v1/faq", "Content-Length: 3", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
            id="length and chunks",
        ),
        pytest.param(head("/v1/classify", "Transfer-Encoding: chunked") + b"zz\r\n", id="chunk"),
        pytest.param(head("a.example:443", method="CONNECT"), id="CONNECT"),
        pytest.param(head("/healthz", method="CONNECT"), id="CONNECT to a path"),
    ],
)
def test_bytes_that_are_not_http_get_a_plain_400(server: LiveServer, sent: bytes) -> None:
    with Wire(server).send(sent) as wire:
        answer = wire.answer()
        assert answer.status == 400
        assert answer.headers["Content-Type"].startswith("text/plain")
        assert answer.headers["Connection"] == "close"
        assert wire.is_closed()


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(head("/" + "a" * MAX_HEAD, method="GET"), id="request line"),
        pytest.param(head("/healthz", "A: " + "a" * MAX_HEAD, method="GET"), id="one header"),
        pytest.param(
            head("/healthz", *[f"A{number}: {'a' * 1000}" for number in range(70)], method="GET"),
            id="many headers",
        ),
        pytest.param(b"GET /healthz HTTP/1.1\r\nA: " + b"a" * MAX_HEAD, id="no end"),
        pytest.param(b"G" * (MAX_HEAD + 1), id="no line"),
    ],
)
def test_a_head_over_64_kib_is_refused_and_the_connection_closes(
    server: LiveServer, sent: bytes
) -> None:
    with Wire(server).send(sent) as wire:
        answer = wire.answer()
        assert answer.status in (400, 431)
        assert answer.headers["Connection"] == "close"
        assert wire.is_closed()


def test_a_head_of_almost_64_kib_is_taken(server: LiveServer) -> None:
    with Wire(server).send(head("/healthz", "A: " + "a" * 60_000, method="GET")) as wire:
        assert wire.answer().status == 200
        # The next head counts anew.
        assert (
            wire.send(head("/healthz", "A: " + "a" * 60_000, method="GET")).answer().status == 200
        )


def test_a_head_may_come_in_pieces(server: LiveServer) -> None:
    with Wire(server) as wire:
        for byte in question():
            wire.send(bytes([byte]))
        assert wire.answer().status == 200


def test_half_a_head_blocks_nobody_and_leaves_nothing(server: LiveServer) -> None:
    with Wire(server).send(question()[:20]) as half:
        with Wire(server).send(question()) as other:
            assert other.answer().status == 200
        assert half.send(question()[20:]).answer().status == 200


def test_pipelined_requests_are_answered_in_their_order(server: LiveServer) -> None:
    texts = [f"how do i sort an array of {number} numbers" for number in range(20)]
    with Wire(server).send(*[question(text, f"X-Request-ID: {text}") for text in texts]) as wire:
        answers = [wire.answer() for _ in texts]
    assert [answer.status for answer in answers] == [200] * 20
    assert [answer.headers["X-Request-ID"] for answer in answers] == texts


def test_what_is_wrong_in_a_pipeline_waits_for_the_answers_before_it(server: LiveServer) -> None:
    with Wire(server).send(question() * 3, b"this is not HTTP\r\n\r\n", question()) as wire:
        assert [wire.answer().status for _ in range(4)] == [200, 200, 200, 400]
        assert wire.is_closed()


def test_an_offer_of_http_2_is_ignored_and_the_body_is_read(server: LiveServer) -> None:
    with Wire(server) as wire:
        plain = wire.send(question()).answer().json()
        assert wire.send(question("how do i sort an array", *UPGRADE)).answer().json() == plain
        # The connection goes on as HTTP/1.1.
        assert wire.send(HEALTH).answer().status == 200


def test_an_offer_of_http_2_with_the_body_in_another_packet(server: LiveServer) -> None:
    whole = question("how do i sort an array", *UPGRADE)
    end = whole.index(b"\r\n\r\n") + 4
    with Wire(server) as wire:
        wire.send(whole[: end - 10])
        time.sleep(0.05)
        wire.send(whole[end - 10 : end])
        time.sleep(0.05)
        answer = wire.send(whole[end:]).answer()
    assert answer.status == 200
    assert answer.json()["matches"]


def test_an_offer_of_http_2_with_a_chunked_body(server: LiveServer) -> None:
    body = json.dumps({"question": "how do i sort an array"}).encode()
    with Wire(server) as wire:
        wire.send(
            head(
                "/v1/faq", "Content-Type: application/json", "Transfer-Encoding: chunked", *UPGRADE
            ),
            b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body),
        )
        assert wire.answer().status == 200


def test_many_upgrades_in_one_packet(server: LiveServer) -> None:
    sent = head("/healthz", *UPGRADE, method="GET") * 500
    with Wire(server).send(sent, question("how do i sort an array", *UPGRADE)) as wire:
        assert [wire.answer().status for _ in range(501)] == [200] * 501


def test_a_web_socket_is_not_opened(server: LiveServer) -> None:
    offer = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    with Wire(server).send(head("/healthz", *offer, key, method="GET")) as wire:
        assert wire.answer().status == 200


def test_expect_100_continue_asks_for_the_body(server: LiveServer) -> None:
    whole = question("how do i sort an array", "Expect: 100-continue")
    end = whole.index(b"\r\n\r\n") + 4
    with Wire(server).send(whole[:end]) as wire:
        assert wire.answer().status == 100
        assert wire.send(whole[end:]).answer().status == 200
        assert wire.send(HEALTH).answer().status == 200


def test_a_body_that_is_too_large_is_not_asked_for(server: LiveServer) -> None:
    length = f"Content-Length: {16 * 1024 * 1024 + 1}"
    with Wire(server).send(head("/v1/classify", length, "Expect: 100-continue")) as wire:
        answer = wire.answer()
        assert answer.status == 413
        assert answer.json()["code"] == "too_large"
        # Whether the client still sends it can't be known: what comes next would be a guess.
        assert answer.headers["Connection"] == "close"
        assert wire.is_closed()


def test_an_early_answer_does_not_disturb_a_client_that_still_sends(server: LiveServer) -> None:
    size = 17 * 1024 * 1024
    with Wire(server).send(head("/v1/classify", f"Content-Length: {size}")) as wire:
        for _ in range(17):
            wire.send(bytes(1024 * 1024))
        assert wire.answer().status == 413
        assert wire.send(HEALTH).answer().status == 200


def test_http_1_0_is_answered_and_closed(server: LiveServer) -> None:
    with Wire(server).send(question().replace(b"HTTP/1.1", b"HTTP/1.0", 1)) as wire:
        assert wire.answer().status == 200
        assert wire.is_closed()


def test_an_absolute_target_is_its_path(server: LiveServer) -> None:
    with Wire(server).send(head("http://a.example:80/healthz", method="GET")) as wire:
        assert wire.answer().status == 200


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "PATCH", "POST"])
def test_other_methods_are_told_which_are_taken(server: LiveServer, method: str) -> None:
    with Wire(server).send(request("/healthz", b"", method=method)) as wire:
        answer = wire.answer(method)
        assert answer.status == 405
        assert answer.headers["Allow"] == "GET"
        # An answer to HEAD has no body that would be taken for the next answer.
        assert wire.send(HEALTH).answer().status == 200


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    """The address of a server that gives a head 0.3 s and reads no body."""
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.3)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("early")(scope, receive, send)

    config = uvicorn.Config(
        app, http=LimitedProtocol, ws="none", lifespan="off", log_config=None, access_log=False
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        yield listener.getsockname()
        server.should_exit = True
        thread.join()


@pytest.mark.parametrize("sent", [b"", HEALTH[:10]])
def test_a_head_that_never_ends_is_given_up(impatient: tuple[str, int], sent: bytes) -> None:
    with socket.create_connection(impatient, timeout=60) as client:
        client.sendall(sent)
        received = b"".join(iter(lambda: client.recv(65536), b""))
    assert received.startswith(b"HTTP/1.1 408")


def test_a_body_that_never_ends_is_given_up_after_its_answer(impatient: tuple[str, int]) -> None:
    with socket.create_connection(impatient, timeout=60) as client:
        client.sendall(head("/", "Content-Length: 1000") + b"a")
        received = b"".join(iter(lambda: client.recv(65536), b""))
    assert received.endswith(b"early")


def test_an_idle_connection_outlives_a_balancers_pause(server: LiveServer) -> None:
    """uvicorn would close it after 5 s, and lose what a balancer sends at that moment."""
    assert KEEP_ALIVE_SECONDS > 600  # what Google's keeps
    with Wire(server).send(HEALTH) as wire:
        assert wire.answer().status == 200
        time.sleep(6)
        assert wire.send(HEALTH).answer().status == 200


def test_an_answer_comes_in_one_piece(server: LiveServer) -> None:
    """Head and body in two would wake up the client twice."""
    with Wire(server) as wire:
        for sent in (HEALTH, question(), head("/nothing", method="GET")) * 20:
            wire.send(sent)
            start, _, body = wire.socket.recv(1_000_000).partition(b"\r\n\r\n")
            assert f"content-length: {len(body)}\r\n".encode() in start + b"\r\n"
