"""Stopping without losing a request: what uvicorn does not do by itself.

On SIGTERM `/readyz` falls and new calls get 503 with `Connection: close`, while the listener stays
open until the work in flight is done or the time for it is over. Only then uvicorn stops.
"""

import asyncio
import logging
import os
import signal
import socket
import threading
from dataclasses import dataclass, field
from time import monotonic
from types import FrameType

import uvicorn

from server.access_log import AccessLog

# Kept back of the time for draining: to answer what had to be cancelled, and to leave.
_RESERVE = 1.0
_MARGIN = 0.2
_log = logging.getLogger("rtscore")


@dataclass
class Lifecycle:
    """What the middleware counts and notes, and the server waits for."""

    in_flight: int = 0
    draining_since: float | None = None
    failure: Exception | None = None  # why the start failed
    access_log: AccessLog = field(default_factory=AccessLog)

    @property
    def draining(self) -> bool:
        """Whether shutdown began."""
        return self.draining_since is not None


class DrainingServer(uvicorn.Server):
    """A uvicorn server that drains before it shuts down, and then exits with 0."""

    def __init__(self, config: uvicorn.Config, lifecycle: Lifecycle, drain_seconds: float) -> None:
        super().__init__(config)
        self._lifecycle = lifecycle
        self._patience = max(0.0, drain_seconds - _RESERVE)
        self._cancelled = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the app, then listen; the log says where."""
        await super().startup(sockets)
        for listener in self.servers:
            host, port = listener.sockets[0].getsockname()[:2]
            _log.info("listening", extra={"url": f"http://{host}:{port}"})

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to drain; a second signal ends at once."""
        if self._lifecycle.draining:
            self.should_exit = self.force_exit = True
            return
        self._lifecycle.draining_since = monotonic()
        # Whatever may still hold the process up, such as a client that does not read its answer.
        watchdog = threading.Timer(self._patience + _RESERVE - _MARGIN, os._exit, (0,))
        watchdog.daemon = True
        watchdog.start()
        # Not from here: a signal may come in the midst of writing another line.
        asyncio.get_running_loop().call_soon_threadsafe(self._tell, sig)

    def _tell(self, sig: int) -> None:
        _log.info(
            "draining", extra={"signal": signal.Signals(sig).name, "in_flight": self._in_flight}
        )

    async def on_tick(self, counter: int) -> bool:
        """Whether to shut down now; called ten times a second."""
        since = self._lifecycle.draining_since
        if since is not None:
            if self._in_flight == 0:
                self.should_exit = True
            elif monotonic() - since > self._patience and not self._cancelled:
                self._cancelled = self.force_exit = True
                _log.warning("drain time is over", extra={"cancelled": self._in_flight})
                for task in self.server_state.tasks:
                    task.cancel()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close everything and end the app, or, where that can't be waited for, the process."""
        await super().shutdown(sockets)
        self._lifecycle.access_log.flush()
        if self.force_exit:
            logging.shutdown()
            # A model run that nobody waits for any more would keep the process until it is done.
            os._exit(0)

    @property
    def _in_flight(self) -> int:
        return self._lifecycle.in_flight
