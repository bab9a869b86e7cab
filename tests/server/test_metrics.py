"""The metrics: their names and labels, and series that exist before anything happened."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from prometheus_client import REGISTRY, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from server import metrics
from server.metrics import ROWS, SECONDS
from server.stages import STAGES


@pytest.fixture
def fresh() -> Iterator[None]:
    """Metrics of two routes and one model, forgotten afterwards."""
    metrics.start_at_zero([("/v1/faq", (200, 422)), ("/version", (200,))], ["faq"])
    yield
    metrics.start_at_zero([], [])


def samples(name: str) -> list[Sample]:
    """Every sample of that name, by way of the text that Prometheus reads."""
    families = text_string_to_metric_families(generate_latest(REGISTRY).decode())
    return [sample for family in families for sample in family.samples if sample.name == name]


def labels(name: str) -> list[dict[str, str]]:
    return [sample.labels for sample in samples(name)]


@pytest.mark.usefixtures("fresh")
def test_every_series_with_known_labels_exists_at_zero() -> None:
    assert {(one["route"], one["status"]) for one in labels("rtscore_requests_total")} == {
        ("/v1/faq", "200"),
        ("/v1/faq", "422"),
        ("/v1/faq", "499"),
        ("/version", "200"),
        ("/version", "499"),
    }
    assert [one["route"] for one in labels("rtscore_request_seconds_count")] == [
        "/v1/faq",
        "/version",
    ]
    assert labels("rtscore_stage_seconds_count") == [
        {"model": "faq", "stage": stage} for stage in STAGES
    ]
    assert {one["reason"] for one in labels("rtscore_rejected_total")} == {
        "overloaded",
        "deadline",
        "cancelled",
        "unauthorized",
        "forbidden",
        "too_large",
        "unsupported",
        "invalid",
        "bad_request",
    }
    for name in ("rtscore_batch_rows_count", "rtscore_queue_rows", "rtscore_busy_ratio"):
        assert labels(name) == [{"model": "faq"}]
    assert [sample.value for sample in samples("rtscore_in_flight")] == [0]
    everything = ("rtscore_requests_total", "rtscore_rejected_total", "rtscore_queue_rows")
    assert {sample.value for name in everything for sample in samples(name)} == {0}


@pytest.mark.usefixtures("fresh")
def test_a_loaded_model_tells_what_it_is() -> None:
    assert labels("rtscore_model_info") == []
    metrics.MODEL_INFO.labels("faq", "0123456789ab", "cpu", "fp32").set(1)
    assert labels("rtscore_model_info") == [
        {"model": "faq", "version": "0123456789ab", "device": "cpu", "precision": "fp32"}
    ]


@pytest.mark.usefixtures("fresh")
def test_what_an_earlier_app_counted_is_forgotten() -> None:
    metrics.REQUESTS.labels("/v1/faq", "200").inc()
    metrics.REJECTED.labels("faq", "deadline").inc()
    metrics.MODEL_INFO.labels("faq", "0123456789ab", "cpu", "fp32").set(1)
    metrics.start_at_zero([("/v1/classify", (200,))], ["image"])
    assert {one["route"] for one in labels("rtscore_requests_total")} == {"/v1/classify"}
    assert {one["model"] for one in labels("rtscore_rejected_total")} == {"image"}
    assert labels("rtscore_queue_rows") == [{"model": "image"}]
    assert labels("rtscore_model_info") == []


def test_time_buckets_are_geometric_from_100_microseconds_to_30_seconds() -> None:
    assert SECONDS[0] == 1e-4
    assert SECONDS[-1] == 30
    ratios = [after / before for before, after in pairwise(SECONDS)]
    assert min(ratios) == pytest.approx(max(ratios), rel=0.02)
    assert sum(bound < 5e-3 for bound in SECONDS) >= 5  # the default ones have none there


def test_row_buckets_reach_beyond_the_largest_default_batch() -> None:
    assert ROWS[0] == 1
    assert ROWS[-1] >= 64
    assert list(ROWS) == sorted(ROWS)


@pytest.mark.usefixtures("fresh")
def test_a_time_falls_into_its_bucket() -> None:
    metrics.REQUEST_SECONDS.labels("/v1/faq").observe(0.0004)
    counts = {
        float(sample.labels["le"]): sample.value
        for sample in samples("rtscore_request_seconds_bucket")
        if sample.labels["route"] == "/v1/faq"
    }
    assert min(counts) < 0.0004 < max(counts)
    assert all(count == (bound >= 0.0004) for bound, count in counts.items())
