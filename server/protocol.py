"""uvicorn's HTTP protocol with the limits that it lacks: on size and time of a request's head.

Request line and headers may have 64 KiB and must be there within 30 s. What is refused for that
never becomes a request, so it is answered here, in plain text, and the connection closes.

A request's state holds its `connection`, which calls `on_lost` when the client has left; waiting
for that would take a timer and a task of every request. A client that only closes its own side is
taken for one that has left: TCP tells the two apart once an answer is written, too late.

An offer to switch protocols, which Java's HttpClient makes with every first request (h2c), is
ignored: such a request is parsed again without its Upgrade header, because httptools takes
everything behind that head for the other protocol, the request's body too.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD = 64 * 1024
HEAD_SECONDS = 30.0
# A balancer that reuses a connection just when the server closes it loses that request. So idle
# ones stay open for longer than any common balancer keeps them (Google's: 600 s).
KEEP_ALIVE_SECONDS = 620
_TOO_LARGE = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE


class LimitedProtocol(HttpToolsProtocol):
    """HttpToolsProtocol that refuses a head which is too large or too slow, and never upgrades."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_body = False
        self._parsed = 0  # bytes of this head in complete headers
        self._received = 0  # bytes of this head, which may still lack its end
        self._clock: asyncio.TimerHandle | None = None
        self._refusal: HTTPStatus | None = None  # what is told once all before it is answered
        self.on_lost: Callable[[], object] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock of the first head."""
        self._corked = _CorkedTransport(transport)
        super().connection_made(self._corked)  # type: ignore[arg-type]
        self._start_clock()

    def corked(self) -> "_CorkedTransport":
        """A block within which all that is written is kept, to go out in one piece at its end."""
        return self._corked

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock, and tell the request that is being answered."""
        self._stop_clock()
        super().connection_lost(exc)
        if self.on_lost is not None:
            self.on_lost()

    def data_received(self, data: bytes) -> None:
        """Parse, and refuse a head that has become too large without an end."""
        if not self._in_body:
            self._received += len(data)
        self._unset_keepalive_if_required()
        try:
            self._parse(memoryview(data))
        except httptools.HttpParserError:
            too_large = self._parsed > MAX_HEAD
            self._refuse(_TOO_LARGE if too_large else HTTPStatus.BAD_REQUEST)
        else:
            if self._in_body or not self._received:
                return
            if self._received > MAX_HEAD:
                self._refuse(_TOO_LARGE)
            elif self._clock is None:  # most heads come in one piece and need none
                self._start_clock()

    def _parse(self, data: memoryview) -> None:
        while data:
            try:
                self.parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as upgrade:
                data = data[upgrade.args[0] :]
                self.parser.feed_data(self._head_without_upgrade())

    def _head_without_upgrade(self) -> bytes:
        version = self.parser.get_http_version().encode()
        lines = [b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, version)]
        lines += [b"%s: %s" % header for header in self.headers if header[0] != b"upgrade"]
        return b"\r\n".join([*lines, b"", b""])

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self.scope["state"]["connection"] = self
        self._parsed = 0

    def on_url(self, url: bytes) -> None:
        """Count the target; raising makes the parser give up."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header; raising makes the parser give up."""
        self._count(len(name) + len(value) + len(b": \r\n"))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is complete: stop its clock, unless it is to be parsed again."""
        if self.parser.get_method() == b"CONNECT":
            raise ValueError("this is no proxy")
        if self.parser.should_upgrade():
            return
        self._stop_clock()
        self._in_body, self._received = True, 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The next byte belongs to another head."""
        if self.parser.should_upgrade():
            return
        self._stop_clock()
        self._in_body = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Let a client that was answered early send the rest of its body, but not for ever."""
        super().on_response_complete()
        if self._refusal is not None and not self.pipeline:
            self._refuse(self._refusal)
        elif self._in_body and self._clock is None and not self.transport.is_closing():
            self._clock = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _count(self, size: int) -> None:
        self._parsed += size
        if self._parsed > MAX_HEAD:
            raise ValueError("the request's head is too large")

    def _start_clock(self) -> None:
        self._clock = self.loop.call_later(HEAD_SECONDS, self._refuse, HTTPStatus.REQUEST_TIMEOUT)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _refuse(self, status: HTTPStatus) -> None:
        if self.transport.is_closing():
            return
        answering = self.cycle is not None and not self.cycle.response_complete
        if self.pipeline or (answering and not self._in_body):
            self._refusal = status
            return
        body = f"{status.phrase}\n".encode()
        self.transport.write(
            f"HTTP/1.1 {status.value} {status.phrase}\r\n"
            "content-type: text/plain; charset=utf-8\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode()
            + body
        )
        self.transport.close()


class _CorkedTransport:
    """A transport for uvicorn, which writes a head and its body by themselves.

    Together they are one system call, and the client is woken up once.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._kept: list[bytes] | None = None
        self.is_closing = transport.is_closing

    def __enter__(self) -> None:
        self._kept = []

    def __exit__(self, *_: object) -> None:
        kept, self._kept = self._kept, None
        if kept:
            self._transport.write(b"".join(kept))

    def write(self, data: bytes) -> None:
        if self._kept is None:
            self._transport.write(data)
        else:
            self._kept.append(data)

    def close(self) -> None:
        self.__exit__()  # what was kept comes before the end
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
