"""A summary as a table and sentences, for people."""

from collections.abc import Callable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from client.summary import Latency, Summary

_BUSY = 0.8  # of a CPU core; above it the client may be what limits


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
