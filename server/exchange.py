"""One request and its answer, as the layer around the routes sees them."""

import asyncio
import random
import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from time import perf_counter
from typing import Protocol

import orjson
from starlette.types import Message, Receive, Scope, Send

from server import metrics
from server.access_log import Entry
from server.codec.body import headers_of
from server.errors import PROBLEM_JSON, ApiError, Invalid
from server.stages import Stages

SCORED = {"/v1/faq": "faq", "/v1/classify": "image"}  # path to the model that it scores on
_REQUEST_ID = re.compile(r"[\x20-\x7e]{1,128}")
_SEND_SECONDS = 1.0  # for a client to take an error in


class Connection(Protocol):
    """What a connection is asked for: to call `on_lost` when it has lost its client, and to write
    in one piece what is sent within a block of `corked()`."""

    on_lost: Callable[[], object] | None

    def corked(self) -> AbstractContextManager[object]:
        """See above."""


class Exchange:
    """Wraps `receive` and `send`: notices when the body is in and what was answered."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.started = perf_counter()
        self.scope = scope
        self._headers = headers_of(scope)
        self.model = SCORED.get(scope["path"]) if scope["method"] == "POST" else None
        given = self._headers.get(b"x-request-id")
        self.request_id = given if given and _REQUEST_ID.fullmatch(given) else _new_id()
        self.stages = Stages()
        self.status = metrics.CLIENT_GONE  # until an answer begins
        self.reason: str | None = None
        self.gone = self.late = False  # its client left; its deadline passed
        self._receive, self._send = receive, send
        task = asyncio.current_task()
        assert task is not None
        self.task = task
        self._connection: Connection | None = scope["state"].get("connection")
        self._body_wanted = False
        self._head: Message | None = None
        scope["state"].update(request_id=self.request_id, stages=self.stages)

    def own_timeout_ms(self) -> int | None:
        """What the request's X-Timeout-Ms allows, in ms; raises Invalid."""
        text = self._headers.get(b"x-timeout-ms")
        if text is None or self.model is None:
            return None
        digits = text.lstrip("0")[:12]  # more than any limit; a longer number would cost time
        if not (text.isascii() and text.isdecimal() and digits):
            raise Invalid("X-Timeout-Ms: give a number of milliseconds, an integer from 1.")
        return int(digits)

    async def receive(self) -> Message:
        """The next message from the client."""
        self._body_wanted = True
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self.gone = True
        return message

    async def send(self, message: Message) -> None:
        """Pass a message on to the client, with the headers that every answer has."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message.setdefault("headers", []).append((b"x-request-id", self.request_id.encode()))
            if self.model is not None and self.status == 200:
                message["headers"].append((b"server-timing", self._server_timing()))
            if not self._body_wanted and b"expect" in self._headers:
                # Whether a client that waits for 100 still sends its body is anyone's guess.
                message["headers"].append((b"connection", b"close"))
            self._head = message  # goes out with the first piece of the body
            return
        if self._head is None:
            await self._send(message)
            return
        head, self._head = self._head, None
        with nullcontext() if self._connection is None else self._connection.corked():
            await self._send(head)
            await self._send(message)

    async def send_problem(self, error: ApiError) -> None:
        """Answer with `error`, unless an answer has begun; a head that still waits is dropped."""
        if self.status != metrics.CLIENT_GONE and self._head is None:
            return
        self._head = None
        self.reason = error.reason
        body = orjson.dumps(error.problem(self.request_id))
        headers = {
            "content-type": PROBLEM_JSON,
            "content-length": str(len(body)),
            **error.headers,
        }
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        try:
            async with asyncio.timeout(_SEND_SECONDS):
                await self.send(
                    {"type": "http.response.start", "status": error.status, "headers": raw}
                )
                await self.send({"type": "http.response.body", "body": body})
        except TimeoutError:  # it does not read, and no deadline ends this
            self.gone = True

    def watch(self, seconds: float) -> None:
        """Cancel the request's task after `seconds` or when its client leaves, until `unwatch`.

        It is `late` then, or its client `gone`. asyncio.timeout takes four times as long.
        """
        self._deadline = asyncio.get_running_loop().call_later(seconds, self._expire)
        if self._connection is not None:
            self._connection.on_lost = self._leave

    def unwatch(self) -> None:
        """Stop watching."""
        self._deadline.cancel()
        if self._connection is not None:
            self._connection.on_lost = None

    def _leave(self) -> None:
        self.gone = True
        self.task.cancel()

    def _expire(self) -> None:
        self.late = True
        self.task.cancel()

    def entry(self) -> Entry:
        """What the access log keeps of the exchange, now that it is over."""
        # What is answered before the routing has its route all the same.
        path: str = self.scope["path"]
        unrouted = path if path in SCORED else metrics.OTHER
        if self.status == metrics.CLIENT_GONE:
            self.reason = "cancelled"
        return Entry(
            request_id=self.request_id,
            method=self.scope["method"],
            route=getattr(self.scope.get("route"), "path", unrouted),
            status=self.status,
            model=self.model,
            reason=self.reason,
            seconds=self.stages.seconds,
            total=perf_counter() - self.started,
        )

    def _server_timing(self) -> bytes:
        seconds = {**self.stages.seconds, "total": perf_counter() - self.started}
        return ", ".join(
            [f"{name};dur={1000 * value:.3f}" for name, value in seconds.items()]
        ).encode()


def _new_id() -> str:
    # Not from the system: waiting for its answer would give up Python's lock.
    return f"{random.getrandbits(128):032x}"
