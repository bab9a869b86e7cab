import json

import pytest

from client.runner import Plan, Sample
from client.summary import Latency, Summary, grouped, summarise
from client.target import Answer


def sample(status: int, code: str = "", route: str = "/v1/faq", seconds: float = 0.1) -> Sample:
    return Sample(route, 1.0, 1.0, 1.0 + seconds, Answer(status, code, f"detail of {code}"))


def summary(samples: list[Sample], plan: Plan | None = None) -> Summary:
    return summarise(
        samples,
        url="http://a",
        plan=plan or Plan(),
        distinct_inputs=256,
        client_cpu_share=0.123,
    )


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (1, (1, 1, 1, 1)),
        (2, (1, 2, 2, 2)),
        (20, (10, 19, 20, 20)),
        (60, (30, 57, 60, 60)),
        (100, (50, 95, 99, 100)),
        (101, (51, 96, 100, 101)),
    ],
)
def test_percentiles_are_by_nearest_rank(count: int, expected: tuple[int, ...]) -> None:
    found = Latency.of(number / 1000 for number in range(count, 0, -1))
    assert (found.p50, found.p95, found.p99, found.max) == expected


def test_outcomes_are_routes_statuses_and_codes() -> None:
    samples = [
        sample(503, "overloaded"),
        sample(200),
        sample(0, "ConnectError: Connection refused"),
        sample(503, "shutting_down"),
        sample(200, route="/v1/classify", seconds=0.4),
        sample(503, "overloaded", seconds=0.2),
    ]
    found = summary(samples)
    assert [(one.route, str(one), one.count) for one in found.outcomes] == [
        ("/v1/classify", "200", 1),
        ("/v1/faq", "ConnectError: Connection refused", 1),
        ("/v1/faq", "200", 1),
        ("/v1/faq", "503 overloaded", 2),
        ("/v1/faq", "503 shutting_down", 1),
    ]
    assert found.outcomes[3].latency_ms.max == pytest.approx(200)
    assert found.outcomes[3].example == "detail of overloaded"
    assert (found.requests, found.succeeded, found.failed) == (6, 2, 4)
    assert len(grouped(samples)["/v1/faq", 503, "overloaded"]) == 2


def test_the_rate_is_that_of_successes_until_the_last_answer() -> None:
    found = summary([sample(200), sample(200, seconds=1.0), sample(503)])
    assert found.seconds == 2.0
    assert found.successes_per_second == 1.0


def test_every_request_counts_in_the_latency() -> None:
    found = summary([sample(200, seconds=0.1), sample(503, seconds=5.0)])
    assert found.latency_ms is not None
    assert found.latency_ms.max == 5000


def test_only_an_open_loop_can_be_late() -> None:
    late = [Sample("/v1/faq", 1.0, 1.5, 2.0, Answer(200))]
    assert summary(late).sent_late_ms is None
    found = summary(late, Plan(rate=1)).sent_late_ms
    assert found is not None
    assert found.max == 500


def test_nothing_measured_is_no_error() -> None:
    found = summary([])
    assert (found.requests, found.latency_ms, found.successes_per_second) == (0, None, 0)


def test_json_has_every_field() -> None:
    found = json.loads(summary([sample(200), sample(503, "overloaded")]).to_json())
    assert set(found) == set(Summary.__dataclass_fields__)
    assert found["load"] == "closed loop, 4 in flight"
    assert found["latency_ms"] == {"p50": 100, "p95": 100, "p99": 100, "max": 100}
    assert [(one["status"], one["code"], one["count"]) for one in found["outcomes"]] == [
        (200, "", 1),
        (503, "overloaded", 1),
    ]
