"""What every request passes, around the routes: deadline, disconnect, errors, draining.

One pure ASGI layer. A deadline that passes and a client that leaves both cancel the request's task,
and that is all it takes: a model's queue drops what has not started, a pool too.
"""

import asyncio
import logging

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from server.errors import ApiError, DeadlineExceeded, Internal, ShuttingDown
from server.exchange import Exchange
from server.lifecycle import Lifecycle
from server.settings import Settings

_OPEN_WHILE_DRAINING = frozenset({"/healthz", "/readyz", "/metrics"})
_log = logging.getLogger("rtscore")


class RequestLayer:
    """The layer around `app`; one instance serves every request."""

    def __init__(self, app: ASGIApp, settings: Settings, lifecycle: Lifecycle) -> None:
        self._app = app
        self._timeout_ms = settings.timeout_ms
        self._lifecycle = lifecycle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; other scopes pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = Exchange(scope, receive, send)
        self._lifecycle.in_flight += 1
        try:
            await self._answer(exchange)
        finally:
            self._lifecycle.in_flight -= 1
            self._lifecycle.access_log.add(exchange.entry())

    async def _answer(self, exchange: Exchange) -> None:
        try:
            if self._lifecycle.draining and exchange.scope["path"] not in _OPEN_WHILE_DRAINING:
                raise ShuttingDown(ShuttingDown.example)
            await self._within_deadline(exchange)
        except ApiError as error:
            await exchange.send_problem(error)
        except ClientDisconnect:
            exchange.gone = True
        except asyncio.CancelledError:
            await self._answer_cancelled(exchange)
        except Exception:  # a fault of ours: the client gets no trace, the log does
            _log.exception("internal error", extra={"request_id": exchange.request_id})
            await exchange.send_problem(Internal(Internal.example))

    async def _within_deadline(self, exchange: Exchange) -> None:
        timeout_ms = min(exchange.own_timeout_ms() or self._timeout_ms, self._timeout_ms)
        exchange.watch(timeout_ms / 1000)
        try:
            await self._app(exchange.scope, exchange.receive, exchange.send)
        except asyncio.CancelledError:
            if exchange.gone or not exchange.late:
                raise
            exchange.task.uncancel()
            raise DeadlineExceeded(f"The answer was not ready within {timeout_ms} ms.") from None
        finally:
            exchange.unwatch()

    async def _answer_cancelled(self, exchange: Exchange) -> None:
        """The client left, or the time for draining is over; any other cancelling is not ours."""
        task = exchange.task
        if exchange.gone:
            task.uncancel()
        elif self._lifecycle.draining:
            task.uncancel()
            await exchange.send_problem(ShuttingDown(ShuttingDown.example))
        else:
            raise asyncio.CancelledError
