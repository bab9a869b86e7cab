"""Every Prometheus metric, declared once.

Labels are bounded: route templates, `other` for unmatched paths, never callers.
"""

from collections.abc import Iterable

from prometheus_client import Counter, Gauge, Histogram

from server.stages import STAGES

CLIENT_GONE = 499  # the status under which a caller who left is counted
OTHER = "other"
REASONS = (
    "overloaded",
    "deadline",
    "cancelled",
    "unauthorized",
    "forbidden",
    "too_large",
    "unsupported",
    "invalid",
    "bad_request",
)

# Geometric from 100 microseconds to 30 s: the default ones hide everything under 5 ms.
SECONDS = tuple(float(f"{1e-4 * 300_000 ** (step / 20):.3g}") for step in range(21))
ROWS = tuple(float(2**power) for power in range(11))

REQUESTS = Counter("rtscore_requests_total", "Answers sent", ["route", "status"])
REQUEST_SECONDS = Histogram(
    "rtscore_request_seconds", "From headers to answer", ["route"], buckets=SECONDS
)
STAGE_SECONDS = Histogram(
    "rtscore_stage_seconds", "Time of one stage of a call", ["model", "stage"], buckets=SECONDS
)
BATCH_ROWS = Histogram("rtscore_batch_rows", "Rows of one model run", ["model"], buckets=ROWS)
QUEUE_ROWS = Gauge("rtscore_queue_rows", "Rows that wait for a model", ["model"])
IN_FLIGHT = Gauge("rtscore_in_flight", "Requests that are being answered")
REJECTED = Counter("rtscore_rejected_total", "Calls not scored", ["model", "reason"])
MODEL_INFO = Gauge(
    "rtscore_model_info", "1 for each loaded model", ["model", "version", "device", "precision"]
)
BUSY_RATIO = Gauge("rtscore_busy_ratio", "Share of the runners' last 15 s that was used", ["model"])

_FAMILIES = (
    REQUESTS,
    REQUEST_SECONDS,
    STAGE_SECONDS,
    BATCH_ROWS,
    QUEUE_ROWS,
    REJECTED,
    MODEL_INFO,
    BUSY_RATIO,
)


def start_at_zero(routes: Iterable[tuple[str, Iterable[int]]], models: Iterable[str]) -> None:
    """Forget what an earlier app of this process counted and make every known series exist at 0.

    `routes` are route templates with the statuses that they answer.
    """
    for family in _FAMILIES:
        family.clear()
    for route, statuses in routes:
        REQUEST_SECONDS.labels(route)
        for status in (*statuses, CLIENT_GONE):
            REQUESTS.labels(route, str(status))
    for model in models:
        BATCH_ROWS.labels(model)
        QUEUE_ROWS.labels(model)
        BUSY_RATIO.labels(model)
        for stage in STAGES:
            STAGE_SECONDS.labels(model, stage)
        for reason in REASONS:
            REJECTED.labels(model, reason)
