"""One request and its answer, as the layer around the routes sees them."""

import asyncio
import logging
import re
import uuid
from collections.abc import Callable
from http import HTTPStatus
from time import perf_counter
from typing import Any, Protocol

import orjson
from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from server import metrics
from server.errors import PROBLEM_JSON, ApiError, Invalid
from server.stages import Stages

SCORED = {"/v1/faq": "faq", "/v1/classify": "image"}  # path to the model that it scores on
# Asked every few seconds, these would fill the log: all is well with them at level debug.
PROBED = ("/healthz", "/readyz", "/metrics")
_REQUEST_ID = re.compile(r"[\x20-\x7e]{1,128}")
_SEND_SECONDS = 1.0  # for a client to take an error in
_log = logging.getLogger("rtscore.request")


class Connection(Protocol):
    """What a connection is asked for: to call `on_lost` when it has lost its client."""

    on_lost: Callable[[], object] | None


class Exchange:
    """Wraps `receive` and `send`: notices when the body is in and what was answered."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.started = perf_counter()
        self.scope = scope
        self.headers = Headers(scope=scope)
        self.model = SCORED.get(scope["path"]) if scope["method"] == "POST" else None
        given = self.headers.get("x-request-id", "")
        self.request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        self.stages = Stages()
        self.status = metrics.CLIENT_GONE  # until an answer begins
        self.reason: str | None = None
        self.gone = False
        self._receive, self._send = receive, send
        self._task = asyncio.current_task()
        self._connection: Connection | None = scope["state"].get("connection")
        self._body_wanted = False
        scope["state"].update(request_id=self.request_id, stages=self.stages)

    def own_timeout_ms(self) -> int | None:
        """What the request's X-Timeout-Ms allows, in ms; raises Invalid."""
        text = self.headers.get("x-timeout-ms")
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
            if not self._body_wanted and "expect" in self.headers:
                # Whether a client that waits for 100 still sends its body is anyone's guess.
                message["headers"].append((b"connection", b"close"))
        await self._send(message)

    async def send_problem(self, error: ApiError) -> None:
        """Answer with `error`, unless an answer has begun."""
        if self.status != metrics.CLIENT_GONE:
            return
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

    def watch(self) -> None:
        """Have the request's task cancelled when its client leaves, until `unwatch`."""
        if self._connection is not None:
            self._connection.on_lost = self._leave

    def unwatch(self) -> None:
        """Stop watching."""
        if self._connection is not None:
            self._connection.on_lost = None

    def _leave(self) -> None:
        self.gone = True
        if self._task is not None:
            self._task.cancel()

    def record(self) -> None:
        """Count and log the exchange; nothing that the client sent is logged but the request id."""
        total = perf_counter() - self.started
        # What is answered before the routing has its route all the same.
        path: str = self.scope["path"]
        unrouted = path if path in SCORED else metrics.OTHER
        route: str = getattr(self.scope.get("route"), "path", unrouted)
        metrics.REQUESTS.labels(route, str(self.status)).inc()
        metrics.REQUEST_SECONDS.labels(route).observe(total)
        if self.model is not None:
            if self.status == metrics.CLIENT_GONE:
                self.reason = "cancelled"
            if self.reason is not None:
                metrics.REJECTED.labels(self.model, self.reason).inc()
            for stage, seconds in self.stages.seconds.items():
                metrics.STAGE_SECONDS.labels(self.model, stage).observe(seconds)
        level = logging.DEBUG if route in PROBED and self.status == HTTPStatus.OK else logging.INFO
        if _log.isEnabledFor(level):
            _log.log(level, "request", extra=self._line(route, total))

    def _line(self, route: str, total: float) -> dict[str, Any]:
        return {
            "request_id": self.request_id,
            "method": self.scope["method"],
            "route": route,
            "status": self.status,
            "ms": {**self.stages.milliseconds(), "total": round(1000 * total, 3)},
        }

    def _server_timing(self) -> bytes:
        stages = self.stages.milliseconds()
        stages["total"] = round(1000 * (perf_counter() - self.started), 3)
        return ", ".join(f"{stage};dur={ms}" for stage, ms in stages.items()).encode()
