"""HTTP byte by byte over a socket, for what a client library would not send; and metrics."""

import json
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPMessage, parse_headers
from types import TracebackType
from typing import Any, Self

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.live import LiveServer

PROBLEM = {"type", "title", "status", "code", "detail", "request_id"}
HANG = 60  # seconds after which a test takes the server for hung


@dataclass(frozen=True)
class Answer:
    """One answer as it came: `status` line's number, headers, body."""

    status: int
    headers: HTTPMessage
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Wire:
    """One connection to a server."""

    def __init__(self, server: LiveServer) -> None:
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=HANG)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self.socket.makefile("rb")

    @classmethod
    def ask(cls, server: LiveServer, sent: bytes) -> Answer:
        """The answer to `sent` on a connection of its own."""
        with cls(server).send(sent) as wire:
            return wire.answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        self.socket.close()

    def send(self, *parts: bytes) -> Self:
        """Send all `parts`."""
        self.socket.sendall(b"".join(parts))
        return self

    def answer(self, method: str = "POST") -> Answer:
        """The next answer, to a request with `method`; 100 Continue is one too."""
        status = self._file.readline().split()
        assert status, "the connection closed without an answer"
        headers = parse_headers(self._file)
        length = 0 if method == "HEAD" else int(headers.get("Content-Length", 0))
        return Answer(int(status[1]), headers, self._file.read(length))

    def rest(self) -> bytes:
        """Everything up to the end of the connection, which the server has to close."""
        return self._file.read()

    def is_closed(self) -> bool:
        """Whether the server closes, having sent no more."""
        try:
            return self.rest() == b""
        except ConnectionResetError:
            return True


def head(path: str, *headers: str, method: str = "POST") -> bytes:
    """A request's head."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: test", *headers, "", ""]).encode()


def request(path: str, body: bytes, *headers: str, method: str = "POST") -> bytes:
    """A whole request."""
    return head(path, f"Content-Length: {len(body)}", *headers, method=method) + body


def question(text: str = "how do i sort an array", *headers: str) -> bytes:
    """A whole request that asks one question."""
    body = json.dumps({"question": text}).encode()
    return request("/v1/faq", body, "Content-Type: application/json", *headers)


def many(texts: list[str], *headers: str) -> bytes:
    """A whole request that asks several questions; two at least are never answered inline."""
    body = json.dumps({"questions": texts, "top_k": 1}).encode()
    return request("/v1/faq", body, "Content-Type: application/json", *headers)


def refused(answer: httpx.Response, status: int, code: str) -> str:
    """The detail of an error, of which everything else is checked."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert set(problem) == PROBLEM
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["request_id"] == answer.headers["X-Request-ID"]
    assert problem["title"]
    assert problem["detail"]
    detail: str = problem["detail"]
    return detail


def scrape(server: LiveServer) -> dict[str, float]:
    """Every sample of /metrics, as `name{label="value",...}` with sorted labels."""
    with server.client() as client:
        text = client.get("/metrics").text
    return {
        sample_name(sample.name, **sample.labels): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def sample_name(name: str, **labels: str) -> str:
    """The key of a sample in `scrape`."""
    return name + "{" + ",".join(f'{key}="{labels[key]}"' for key in sorted(labels)) + "}"


def eventually(condition: Callable[[], object]) -> None:
    """Wait until `condition` holds; fails where it never does."""
    end = time.monotonic() + HANG
    while not condition():
        assert time.monotonic() < end, "this never happened"
        time.sleep(0.02)
