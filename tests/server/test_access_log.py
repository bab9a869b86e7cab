"""What is noted of a request: counted and logged a moment later, together with others."""

import asyncio
import json
import logging
from collections.abc import Iterator
from datetime import datetime
from time import time
from typing import Any

import pytest
from prometheus_client import REGISTRY

from server import metrics
from server.access_log import MOST, AccessLog, Entry
from server.log import JsonFormatter

STAGES = {"decode": 0.0012345678, "queue": 0.0, "infer": 0.02}


def entry(**changed: Any) -> Entry:
    """A call that was scored."""
    usual: dict[str, Any] = {
        "request_id": "one",
        "method": "POST",
        "route": "/v1/faq",
        "status": 200,
        "model": "faq",
        "reason": None,
        "seconds": STAGES,
        "total": 0.0212345678,
    }
    return Entry(**usual | changed)


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """No metrics of an earlier app."""
    metrics.start_at_zero([], [])
    yield
    metrics.start_at_zero([], [])


def count(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def answered() -> float:
    return count("rtscore_requests_total", route="/v1/faq", status="200")


def logged(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """The lines of the log, as JSON has them."""
    return [
        json.loads(line)
        for record in caplog.records
        for line in JsonFormatter().format(record).splitlines()
    ]


async def test_an_entry_is_counted_and_logged_a_moment_later(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "rtscore.request")
    before = time()
    AccessLog(seconds=0.05).add(entry())
    after = time()
    assert (answered(), caplog.records) == (0, [])
    await asyncio.sleep(0.5)
    assert answered() == 1
    (line,) = logged(caplog)
    # When it was answered, not when it was logged.
    written = datetime.fromisoformat(line.pop("time")).timestamp()
    assert before - 0.001 <= written <= after
    assert line == {
        "level": "info",
        "logger": "rtscore.request",
        "message": "request",
        "request_id": "one",
        "method": "POST",
        "route": "/v1/faq",
        "status": 200,
        "ms": {"decode": 1.235, "queue": 0.0, "infer": 20.0, "total": 21.235},
    }


async def test_they_keep_their_order_and_wait_for_no_more_than_a_few(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "rtscore.request")
    notes = AccessLog()
    for number in range(MOST - 1):
        notes.add(entry(request_id=str(number)))
    assert answered() == 0
    notes.add(entry(request_id="last"))
    assert answered() == MOST
    assert [line["request_id"] for line in logged(caplog)] == [*map(str, range(MOST - 1)), "last"]
    notes.add(entry())
    notes.flush()
    notes.flush()
    assert answered() == MOST + 1


async def test_what_is_counted() -> None:
    notes = AccessLog()
    notes.add(entry())
    notes.add(entry(status=503, reason="overloaded", seconds={}, total=0.5))
    notes.add(entry(route="other", status=404, model=None, seconds={}))
    notes.flush()
    assert answered() == 1
    assert count("rtscore_requests_total", route="/v1/faq", status="503") == 1
    assert count("rtscore_requests_total", route="other", status="404") == 1
    assert count("rtscore_request_seconds_count", route="/v1/faq") == 2
    assert count("rtscore_request_seconds_sum", route="/v1/faq") == pytest.approx(0.5212345678)
    assert count("rtscore_rejected_total", model="faq", reason="overloaded") == 1
    for stage, seconds in STAGES.items():
        labels = {"model": "faq", "stage": stage}
        assert count("rtscore_stage_seconds_count", **labels) == 1
        assert count("rtscore_stage_seconds_sum", **labels) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("route", "status", "level"),
    [
        ("/healthz", 200, "DEBUG"),
        ("/metrics", 200, "DEBUG"),
        ("/readyz", 503, "INFO"),
        ("/v1/models", 200, "INFO"),
    ],
)
async def test_probes_that_are_well_are_told_at_debug(
    caplog: pytest.LogCaptureFixture, route: str, status: int, level: str
) -> None:
    notes = AccessLog()
    for least in (logging.DEBUG, logging.INFO):
        caplog.set_level(least, "rtscore.request")
        caplog.clear()
        notes.add(entry(route=route, status=status, model=None))
        notes.flush()
        expected = [level] if logging.getLevelName(level) >= least else []
        assert [record.levelname for record in caplog.records] == expected


async def test_lines_of_several_levels_keep_their_order(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "rtscore.request")
    notes = AccessLog()
    for route in ("/v1/faq", "/v1/faq", "/healthz", "/v1/faq"):
        notes.add(entry(route=route))
    notes.flush()
    told = [(line["level"], line["route"]) for line in logged(caplog)]
    assert told == [
        ("info", "/v1/faq"),
        ("info", "/v1/faq"),
        ("debug", "/healthz"),
        ("info", "/v1/faq"),
    ]
