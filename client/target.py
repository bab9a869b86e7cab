"""Where requests go: address, TLS and key, and what came of a request."""

import asyncio
import os
import socket
import ssl
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httpcore
import httpx

from client.inputs import CLASSIFY, FAQ, Input

# Below the 5 s of many servers, so that the client gives an idle connection up before they do.
_LIMITS = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=2)


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, and the problem's code and detail; status 0 and the reason where none came."""

    status: int
    code: str = ""
    detail: str = ""


class Target:
    """A server to send to: no proxy, no cookies, no redirects, and no second try."""

    def __init__(
        self,
        url: str,
        key: str = "",
        timeout: float = 30.0,
        tls: ssl.SSLContext | None = None,
        address: tuple[str, int | None] | None = None,
    ) -> None:
        """With `address`, connect to that host and port instead of the URL's, which still
        gives the Host header and the name that the server's certificate must have.
        """
        base = httpx.URL(url)
        self._headers = [(b"Host", base.netloc), (b"User-Agent", b"rtscore-load")]
        if key:
            self._headers.append((b"X-API-Key", key.encode()))
        self._extensions = {"sni_hostname": base.raw_host.decode("ascii")}
        if address is not None:
            base = base.copy_with(host=address[0], port=address[1] or base.port)
        prefix = base.path.rstrip("/")
        self._urls = {route: base.copy_with(path=prefix + route) for route in (FAQ, CLASSIFY)}
        self._timeout = timeout
        self._tls = tls or httpx.create_ssl_context()
        self._idle: list[httpx.AsyncHTTPTransport] = []

    async def __aenter__(self) -> Self:
        # Loads what httpx would else load within the first request, which then took 150 ms.
        await httpcore.AnyIOBackend().sleep(0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for transport in self._idle:
            await transport.aclose()

    async def post(self, item: Input) -> Answer:
        """Send one request and read its whole answer."""
        # One connection a transport: each request through a pool costs time for every
        # connection in it (at 64 in flight, 400 requests/s instead of 1,600).
        transport = self._idle.pop() if self._idle else self._transport()
        try:
            async with asyncio.timeout(self._timeout):
                response = await transport.handle_async_request(self._request(item))
                await response.aread()
        except TimeoutError:
            return Answer(0, f"no answer within {self._timeout:g} s")
        except (httpx.HTTPError, OSError) as error:
            return Answer(0, _kind(error))
        finally:
            self._idle.append(transport)
        return _answer(response)

    def _transport(self) -> httpx.AsyncHTTPTransport:
        return httpx.AsyncHTTPTransport(verify=self._tls, limits=_LIMITS)

    def _request(self, item: Input) -> httpx.Request:
        return httpx.Request(
            "POST",
            self._urls[item.route],
            headers=[*self._headers, (b"Content-Type", item.media_type.encode())],
            content=item.body,
            extensions=self._extensions,
        )


def _answer(response: httpx.Response) -> Answer:
    if response.is_success:
        return Answer(response.status_code)
    if response.has_redirect_location:
        return Answer(response.status_code, "", f"redirects to {response.headers['Location']}")
    try:
        problem = response.json()
        return Answer(response.status_code, str(problem["code"]), str(problem["detail"]))
    except (ValueError, KeyError, TypeError):
        return Answer(response.status_code, "", response.reason_phrase)


def _kind(error: BaseException) -> str:
    """httpx's name for an error and the system's word for its first cause."""
    cause = error
    while inner := _inner(cause):
        cause = inner
    if isinstance(cause, ssl.SSLCertVerificationError):
        reason = cause.verify_message
    elif isinstance(cause, OSError) and not isinstance(cause, ssl.SSLError | socket.gaierror):
        # asyncio's own texts name address and port; the same error must count as one.
        reason = os.strerror(cause.errno) if cause.errno else str(cause)
    else:
        reason = getattr(cause, "strerror", None) or str(cause)
    return f"{type(error).__name__}: {reason}".removesuffix(": ")


def _inner(error: BaseException) -> BaseException | None:
    if isinstance(error, BaseExceptionGroup):
        return error.exceptions[0]
    return error.__cause__ or error.__context__
