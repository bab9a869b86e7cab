"""The access log and the metrics of requests: noted at once, written a moment later with others.

Between two requests the models' work drives this code out of the processor's caches, so that doing
both for several requests in a row takes far less of the event loop's time than for each by itself.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from itertools import groupby
from time import time
from typing import Any

from prometheus_client import Counter, Histogram

from server import metrics
from server.log import BUNDLE

MOST = 32  # entries that wait at the most: more would hold the event loop up for too long
# Asked every few seconds, these would fill the log: all is well with them at level debug.
PROBED = ("/healthz", "/readyz", "/metrics")
_log = logging.getLogger("rtscore.request")


@dataclass(frozen=True, slots=True)
class Entry:
    """One request and its answer; `seconds` are those of its stages, `total` of all."""

    request_id: str
    method: str
    route: str
    status: int
    model: str | None
    reason: str | None
    seconds: dict[str, float]
    total: float
    written: float = field(default_factory=time)


class AccessLog:
    """Takes an entry for every request, on the event loop; none waits for more than `seconds`."""

    def __init__(self, seconds: float = 0.25) -> None:
        self._seconds = seconds
        self._entries: list[Entry] = []
        self._series: Callable[..., Any] = cache(_series)  # the library looks for them for longer

    def add(self, entry: Entry) -> None:
        """Count and log `entry` within the time that it may wait."""
        self._entries.append(entry)
        if len(self._entries) == 1:
            asyncio.get_running_loop().call_later(self._seconds, self.flush)
        elif len(self._entries) == MOST:
            self.flush()

    def flush(self) -> None:
        """Count and log what waits."""
        entries, self._entries = self._entries, []
        for entry in entries:
            self._count(entry)
        for level, several in groupby(entries, _level):
            if _log.isEnabledFor(level):
                lines = [(entry.written, _told(entry)) for entry in several]
                _log.log(level, "request", extra={BUNDLE: lines})

    def _count(self, entry: Entry) -> None:
        self._series(metrics.REQUESTS, entry.route, str(entry.status)).inc()
        self._series(metrics.REQUEST_SECONDS, entry.route).observe(entry.total)
        if entry.model is None:
            return
        if entry.reason is not None:
            self._series(metrics.REJECTED, entry.model, entry.reason).inc()
        for stage, seconds in entry.seconds.items():
            self._series(metrics.STAGE_SECONDS, entry.model, stage).observe(seconds)


def _series(family: Counter | Histogram, *labels: str) -> Counter | Histogram:
    return family.labels(*labels)


def _level(entry: Entry) -> int:
    fine = entry.route in PROBED and entry.status == HTTPStatus.OK
    return logging.DEBUG if fine else logging.INFO


def _told(entry: Entry) -> dict[str, Any]:
    """What the log says of it: nothing that the client sent but the request id."""
    ms = {stage: _ms(seconds) for stage, seconds in entry.seconds.items()}
    return {
        "request_id": entry.request_id,
        "method": entry.method,
        "route": entry.route,
        "status": entry.status,
        "ms": {**ms, "total": _ms(entry.total)},
    }


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 3)
