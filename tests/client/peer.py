"""A real HTTP server in the test's own event loop that does what a test tells it to do."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from http.client import HTTPMessage, parse_headers
from io import BytesIO
from types import TracebackType
from typing import Self

Answering = Callable[["Peer"], Awaitable[bytes]]


def reply(status: str = "200 OK", body: str = "{}", *headers: str) -> bytes:
    """One answer, ready to be written."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body.encode())}", *headers, "", body]
    return "\r\n".join(lines).encode()


class Peer:
    """Answers each request with what `answering` returns; no bytes close the connection."""

    def __init__(self, answering: Answering, tls: ssl.SSLContext | None = None) -> None:
        self._answering = answering
        self._tls = tls
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.paths: list[str] = []
        self.headers: list[HTTPMessage] = []
        self.bodies: list[bytes] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=self._tls)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def connections(self) -> int:
        """How many were opened so far."""
        return len(self._writers)

    @property
    def url(self) -> str:
        """Its address without TLS."""
        return f"http://127.0.0.1:{self.port}"

    def break_off(self) -> None:
        """Close every connection, whatever is under way."""
        for writer in self._writers:
            writer.close()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        self._tasks.append(asyncio.create_task(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has left
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = BytesIO(await reader.readuntil(b"\r\n\r\n"))
        path = head.readline().decode().split(" ")[1]
        headers = parse_headers(head)
        self.bodies.append(await reader.readexactly(int(headers["Content-Length"])))
        self.headers.append(headers)
        self.paths.append(path)
        answer = await self._answering(self)
        writer.write(answer)
        await writer.drain()
        return bool(answer)
