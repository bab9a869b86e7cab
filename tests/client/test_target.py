import asyncio
import errno
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from client import arguments
from client.inputs import CLASSIFY, FAQ, Input
from client.target import Answer, Target, _kind
from tests.client.command import HANG
from tests.client.peer import Peer, reply

QUESTION = Input(FAQ, "application/json", b'{"question": "why"}')
PICTURE = Input(CLASSIFY, "image/png", b"\x89PNG")


def answering(answer: bytes) -> Peer:
    async def answers(peer: Peer) -> bytes:
        return answer

    return Peer(answers)


async def test_a_request_carries_route_type_body_and_key() -> None:
    async with answering(reply()) as peer, Target(f"{peer.url}/prefix/", "schlüssel") as target:
        assert await target.post(QUESTION) == Answer(200)
        assert await target.post(PICTURE) == Answer(200)
    assert peer.paths == ["/prefix/v1/faq", "/prefix/v1/classify"]
    assert peer.bodies == [QUESTION.body, PICTURE.body]
    assert [one["Content-Type"] for one in peer.headers] == ["application/json", "image/png"]
    assert {one["X-API-Key"].encode("latin-1") for one in peer.headers} == {"schlüssel".encode()}
    assert {one["Host"] for one in peer.headers} == {f"127.0.0.1:{peer.port}"}


async def test_connections_are_used_again_and_no_more_are_made_than_needed() -> None:
    async with answering(reply()) as peer, Target(peer.url) as target:
        for _ in range(10):
            await asyncio.gather(*(target.post(QUESTION) for _ in range(3)))
        assert len(peer.paths) == 30
        assert peer.connections == 3
    assert "X-API-Key" not in peer.headers[0]


PROBLEM = '{"code": "overloaded", "detail": "the queue is full", "status": 503}'


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (reply("503 Busy", PROBLEM), Answer(503, "overloaded", "the queue is full")),
        (reply("502 Bad Gateway", "<html>"), Answer(502, "", "Bad Gateway")),
        (reply("500 Oh", "[]"), Answer(500, "", "Oh")),
        (reply("404 Not Found", '{"detail": "?"}'), Answer(404, "", "Not Found")),
        (
            reply("308 Moved", "", "Location: https://a/v1/faq"),
            Answer(308, "", "redirects to https://a/v1/faq"),
        ),
    ],
    ids=lambda value: str(getattr(value, "status", "")),
)
async def test_what_is_no_success_says_why(sent: bytes, answer: Answer) -> None:
    async with answering(sent) as peer, Target(peer.url) as target:
        assert await target.post(QUESTION) == answer
        assert await target.post(QUESTION) == answer


async def test_cookies_are_not_kept() -> None:
    sticky = reply("200 OK", "", "Set-Cookie: pod=1")
    async with answering(sticky) as peer, Target(peer.url) as target:
        await target.post(QUESTION)
        await target.post(QUESTION)
    assert len(peer.headers) == 2
    assert "Cookie" not in peer.headers[1]


def closed_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port: int = server.getsockname()[1]
    return port


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_refused_connection_is_counted_by_its_kind(host: str) -> None:
    async with Target(f"http://{host}:{closed_port()}") as target:
        assert await target.post(QUESTION) == Answer(0, "ConnectError: Connection refused")


def test_of_several_addresses_that_refuse_the_first_gives_the_kind() -> None:
    """As anyio reports a name with an IPv6 and an IPv4 address, which not every machine has."""
    refused = [ConnectionRefusedError(errno.ECONNREFUSED, f"connect to {n}") for n in (1, 2)]
    error = httpx.ConnectError("all failed")
    error.__cause__ = OSError("all failed")
    error.__cause__.__cause__ = ExceptionGroup("both", refused)
    assert _kind(error) == "ConnectError: Connection refused"


async def test_an_unknown_name_is_counted_by_its_kind() -> None:
    async with Target("http://rtscore.invalid") as target:
        answer = await target.post(QUESTION)
    assert answer.status == 0
    assert answer.code.startswith("ConnectError: ")
    assert "Errno" not in answer.code


async def test_a_connection_that_ends_without_an_answer_is_counted_and_replaced() -> None:
    async def every_other(peer: Peer) -> bytes:
        return b"" if len(peer.paths) == 1 else reply()

    async with Peer(every_other) as peer, Target(peer.url) as target:
        answer = await target.post(QUESTION)
        assert answer.status == 0
        assert "disconnected" in answer.code
        assert await target.post(QUESTION) == Answer(200)
    assert len(peer.paths) == 2  # not tried again by itself


async def test_a_body_that_breaks_off_is_a_failure() -> None:
    async def half(peer: Peer) -> bytes:
        asyncio.get_running_loop().call_soon(peer.break_off)
        return b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"

    async with Peer(half) as peer, Target(peer.url) as target:
        answer = await target.post(QUESTION)
    assert answer.status == 0
    assert answer.code.startswith("RemoteProtocolError")


async def test_bytes_that_are_not_http_are_a_failure() -> None:
    async with answering(b"SSH-2.0\r\n\r\n") as peer, Target(peer.url) as target:
        answer = await target.post(QUESTION)
    assert (answer.status, answer.code.split(":")[0]) == (0, "RemoteProtocolError")


async def test_the_time_limit_covers_the_whole_answer() -> None:
    async def half(peer: Peer) -> bytes:
        return b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"

    async with Peer(half) as peer, Target(peer.url, timeout=0.2) as target:
        assert await target.post(QUESTION) == Answer(0, "no answer within 0.2 s")


async def test_a_request_that_is_given_up_does_not_spoil_the_next() -> None:
    there = asyncio.Event()

    async def first_never(peer: Peer) -> bytes:
        if len(peer.paths) == 1:
            there.set()
            await asyncio.Event().wait()
        return reply()

    async with Peer(first_never) as peer, Target(peer.url) as target:
        first = asyncio.create_task(target.post(QUESTION))
        await asyncio.wait_for(there.wait(), HANG)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert await target.post(QUESTION) == Answer(200)


async def test_the_host_header_is_the_urls_wherever_the_connection_goes() -> None:
    async with answering(reply()) as peer:
        address = ("127.0.0.1", peer.port)
        async with Target("http://rtscore.test:81", address=address) as target:
            assert await target.post(QUESTION) == Answer(200)
        async with Target(f"http://rtscore.test:{peer.port}", address=("127.0.0.1", None)) as same:
            assert await same.post(QUESTION) == Answer(200)
    assert [one["Host"] for one in peer.headers] == [
        "rtscore.test:81",
        f"rtscore.test:{peer.port}",
    ]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of its own for rtscore.test, with its key in one file."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make a certificate with")
    path = tmp_path_factory.mktemp("tls") / "tls.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=rtscore.test", "-addext", "subjectAltName=DNS:rtscore.test"),
            *("-keyout", str(path), "-out", str(path.with_name("cert.pem"))),
        ],
        check=True,
        capture_output=True,
    )
    path.write_text(path.read_text() + path.with_name("cert.pem").read_text())
    return path


@pytest.fixture
def tls_peer(certificate: Path) -> Callable[[list[str | None]], Peer]:
    """Starts a server with that certificate that notes which names clients ask for."""

    def make(names: list[str | None]) -> Peer:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        context.sni_callback = lambda _socket, name, _context: names.append(name)

        async def answers(peer: Peer) -> bytes:
            return reply()

        return Peer(answers, context)

    return make


async def test_the_certificate_is_checked_against_the_urls_name(
    tls_peer: Callable[[list[str | None]], Peer], certificate: Path
) -> None:
    names: list[str | None] = []
    async with tls_peer(names) as peer:
        tls = arguments.authority(str(certificate))
        address = ("127.0.0.1", peer.port)
        async with Target("https://rtscore.test", tls=tls, address=address) as target:
            assert await target.post(QUESTION) == Answer(200)
        async with Target("https://other.test", tls=tls, address=address) as target:
            answer = await target.post(QUESTION)
        assert answer.status == 0
        assert "other.test" in answer.code
        async with Target("https://rtscore.test", address=address) as target:
            answer = await target.post(QUESTION)
        assert "self-signed" in answer.code.replace(" ", "-")
        unverified = arguments.unverified()
        async with Target("https://other.test", tls=unverified, address=address) as target:
            assert await target.post(QUESTION) == Answer(200)
    assert names == ["rtscore.test", "other.test", "rtscore.test", "other.test"]
    assert [one["Host"] for one in peer.headers] == ["rtscore.test", "other.test"]
