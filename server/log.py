"""Logging: JSON lines (or text) on stdout; of what a caller sent they hold its request id alone.

Keys, questions and pictures are never handed to a logger; what is logged of a request is listed in
`server.access_log`.
"""

import asyncio
import logging
import sys
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

import orjson

from server.errors import StartupError

# An extra that makes one record several lines, (when, in seconds since the epoch; its own extras)
# each: a record has its price, and the access log has a line for every request.
BUNDLE = "bundle"
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "taskName", "color_message"}


def configure(level: str, style: Literal["json", "text"]) -> None:
    """Send every logger of this process to stdout, from `level` up."""
    handler = BufferedHandler()
    handler.setFormatter(JsonFormatter() if style == "json" else TextFormatter())
    handler.addFilter(_told_already)
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "asyncio"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        # Its lines on starting and stopping say nothing that ours don't.
        logger.setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))
    logging.getLogger("uvicorn.access").disabled = True


class BufferedHandler(logging.StreamHandler[TextIO]):
    """Writes lines to stdout, those below a warning that come on the event loop in bundles.

    Each write gives up Python's lock, and while others compute, the event loop waits to get it
    back: a write for each request would be a tenth of the loop's time.
    """

    def __init__(self) -> None:
        super().__init__(sys.stdout)
        self._waiting: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record now or, after what the event loop is doing, with others."""
        try:
            self._waiting.append(self.format(record) + self.terminator)
            loop = _running_loop()
            if loop is None or record.levelno >= logging.WARNING:
                self.flush()
            elif len(self._waiting) == 1:
                loop.call_soon(self.flush)
        except Exception:  # as every handler of the standard library
            self.handleError(record)

    def flush(self) -> None:
        """Write what waits."""
        assert self.lock is not None
        with self.lock:
            lines, self._waiting = "".join(self._waiting), []
            self.stream.write(lines)
            super().flush()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def fields(record: logging.LogRecord) -> dict[str, Any]:
    """What was passed as `extra` to a logging call."""
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


def _lines(record: logging.LogRecord) -> Sequence[tuple[float, dict[str, Any]]]:
    bundle: Sequence[tuple[float, dict[str, Any]]] | None = vars(record).get(BUNDLE)
    return [(record.created, fields(record))] if bundle is None else bundle


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message, and what was passed as extra."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line, or as many as it bundles."""
        about = {
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        trace = {}
        if record.exc_info and record.exc_info[0] is not None:
            trace = {"exception": _trace(record.exc_info[1])}
        lines = [{"time": _utc(when), **about, **extra, **trace} for when, extra in _lines(record)]
        return "\n".join([orjson.dumps(line, default=str).decode() for line in lines])


def _utc(when: float) -> str:
    return datetime.fromtimestamp(when, UTC).isoformat(timespec="milliseconds")


class TextFormatter(logging.Formatter):
    """The same for reading: time, level, message, then name=value."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line, a trace below it; or as many lines as it bundles."""
        about = f"{record.levelname:7} {record.getMessage()}"
        lines = []
        for when, extra in _lines(record):
            time = datetime.fromtimestamp(when).astimezone().isoformat(" ", "milliseconds")
            told = "".join(f" {name}={value}" for name, value in extra.items())
            lines.append(f"{time} {about}{told}")
        if record.exc_info and record.exc_info[0] is not None:
            lines.append(_trace(record.exc_info[1]))
        return "\n".join(lines)


def _trace(error: BaseException | None) -> str:
    return "".join(traceback.format_exception(error)) if error is not None else ""


def _told_already(record: logging.LogRecord) -> bool:
    """Drop uvicorn's traces of a failed start, which `__main__` tells in one line."""
    if not record.name.startswith("uvicorn"):
        return True
    failed = record.exc_info is not None and isinstance(record.exc_info[1], StartupError)
    return not failed and StartupError.__name__ not in record.getMessage()
