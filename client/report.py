"""What a run came to, as a table for people and as JSON for programs.

Percentiles are by nearest rank: the smallest measured latency that at least p % of the requests
did not exceed. Every request counts in them, failed ones too.
"""

import dataclasses
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from rich.console import Console
from rich.table import Table
from rich.text import Text

from client.runner import Plan, Sample

_BUSY = 0.8  # of a CPU core; above it the client may be what limits


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
        ranks = (math.ceil(share * len(ordered)) for share in (0.50, 0.95, 0.99, 1))
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


def show(summary: Summary, console: Console) -> None:
    """Print it for a person."""

    def say(text: str) -> None:
        console.print(text, markup=False, highlight=False, soft_wrap=True)

    say(f"{summary.url}: {summary.load}, {summary.distinct_inputs} distinct inputs")
    if summary.latency_ms is None:
        say("No request has ended.")
        return
    console.print(_table(summary, summary.latency_ms))
    for outcome in summary.outcomes:
        if outcome.example:
            say(f"{outcome.route} {outcome}, for example: {outcome.example}")
    say(
        f"{summary.requests} requests in {summary.seconds:.2f} s, {summary.succeeded} succeeded: "
        f"{summary.successes_per_second:.1f} a second"
    )
    if summary.requests > summary.distinct_inputs:
        say("There were more requests than distinct inputs: some were sent more than once.")
    if summary.interrupted:
        say("Interrupted: requests that were under way are not counted.")
    _show_client(summary, say)


def _table(summary: Summary, overall: Latency) -> Table:
    table = Table("route", "outcome")
    for column in ("requests", "p50 ms", "p95 ms", "p99 ms", "max ms"):
        table.add_column(column, justify="right", no_wrap=True)
    rows = [(one.route, str(one), one.count, one.latency_ms) for one in summary.outcomes]
    for route, outcome, count, latency in [*rows, ("all", "", summary.requests, overall)]:
        values = (latency.p50, latency.p95, latency.p99, latency.max)
        table.add_row(route, Text(outcome), str(count), *(f"{value:.1f}" for value in values))
    return table


def _show_client(summary: Summary, say: Callable[[str], None]) -> None:
    if late := summary.sent_late_ms:
        say(
            f"Requests left {late.p50:.1f} ms late at the median, {late.max:.1f} ms at most; "
            "latency counts from when they had to leave."
        )
    say(f"This client used {summary.client_cpu_share:.0%} of one CPU core.")
    if summary.client_cpu_share > _BUSY:
        say("It was busy itself: these figures are its limit as much as the server's.")
