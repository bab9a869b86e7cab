"""What a run came to, in numbers.

Percentiles are by nearest rank: the smallest measured latency that at least p % of the requests
did not exceed. Every request counts in them, failed ones too.
"""

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from client.runner import Plan, Sample


@dataclass(frozen=True)
class Latency:
    """Milliseconds."""

    p50: float
    p95: float
    p99: float
    max: float

    @classmethod
    def of(cls, seconds: Iterable[float]) -> Self:
        """The percentiles of at least one latency."""
        ordered = [round(1000 * one, 3) for one in sorted(seconds)]
        ranks = (math.ceil(percent * len(ordered) / 100) for percent in (50, 95, 99, 100))
        return cls(*(ordered[rank - 1] for rank in ranks))


@dataclass(frozen=True)
class Outcome:
    """Requests of one route that ended alike; status 0 where no answer came."""

    route: str
    status: int
    code: str
    count: int
    latency_ms: Latency
    example: str

    def __str__(self) -> str:
        return f"{self.status or ''} {self.code}".strip()


@dataclass(frozen=True)
class Summary:
    """Everything that is reported; the fields of `--json`."""

    url: str
    load: str
    distinct_inputs: int
    interrupted: bool
    requests: int
    succeeded: int
    failed: int
    seconds: float
    successes_per_second: float
    latency_ms: Latency | None
    sent_late_ms: Latency | None
    client_cpu_share: float
    outcomes: Sequence[Outcome]

    def to_json(self) -> str:
        """One JSON object."""
        return json.dumps(dataclasses.asdict(self), indent=2)


def grouped(samples: Iterable[Sample]) -> Mapping[tuple[str, int, str], list[Sample]]:
    """Samples by route, status and code, in that order."""
    groups: dict[tuple[str, int, str], list[Sample]] = {}
    for sample in samples:
        key = (sample.route, sample.answer.status, sample.answer.code)
        groups.setdefault(key, []).append(sample)
    return dict(sorted(groups.items()))


def summarise(
    samples: Sequence[Sample],
    *,
    url: str,
    plan: Plan,
    distinct_inputs: int,
    client_cpu_share: float,
    interrupted: bool = False,
) -> Summary:
    """Count and rank what was measured."""
    succeeded = sum(sample.ok for sample in samples)
    seconds = max((sample.finished for sample in samples), default=0.0)
    return Summary(
        url=url,
        load=str(plan),
        distinct_inputs=distinct_inputs,
        interrupted=interrupted,
        requests=len(samples),
        succeeded=succeeded,
        failed=len(samples) - succeeded,
        seconds=round(seconds, 3),
        successes_per_second=round(succeeded / seconds, 1) if seconds else 0.0,
        latency_ms=Latency.of(one.latency for one in samples) if samples else None,
        sent_late_ms=Latency.of(late) if (late := _lateness(samples, plan)) else None,
        client_cpu_share=round(client_cpu_share, 2),
        outcomes=[
            Outcome(*key, len(ones), Latency.of(one.latency for one in ones), ones[0].answer.detail)
            for key, ones in grouped(samples).items()
        ],
    )


def _lateness(samples: Sequence[Sample], plan: Plan) -> list[float]:
    """How long after their time requests left; in a closed loop they leave whenever they can."""
    return [] if plan.rate is None else [one.sent - one.scheduled for one in samples]
