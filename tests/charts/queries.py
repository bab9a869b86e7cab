"""What Prometheus is asked: the metrics and labels of a query, held against server.metrics."""

import re

from prometheus_client.metrics import MetricWrapperBase

from server import metrics

SUFFIXES = {"counter": {"_total"}, "gauge": {""}, "histogram": {"_bucket", "_count", "_sum"}}
PROCESS = {"process_cpu_seconds_total", "process_resident_memory_bytes"}
# What Prometheus itself knows of a pod that a ServiceMonitor names.
TARGET = {"namespace", "job", "pod", "service", "instance"}


def exported() -> dict[str, set[str]]:
    """The labels of every series that a pod exports, by name."""
    found: dict[str, set[str]] = {name: set() for name in {"up", *PROCESS}}
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            (family,) = metric.describe()
            for suffix in SUFFIXES[family.type]:
                own = {"le"} if suffix == "_bucket" else set()
                found[family.name + suffix] = own | set(metric._labelnames)
    return found


def series_of(query: str) -> set[str]:
    """Names of the series that a query reads: words before a brace."""
    found = set(re.findall(r"\b([a-z_][a-zA-Z0-9_:]*)\{", query))
    assert found, f"no series in {query}"
    return found


def labels_of(query: str) -> set[str]:
    """Labels that a query matches or groups by."""
    matched = re.findall(r'(\w+)=~?"', query)
    grouped = [
        name for group in re.findall(r"\bby \(([^)]*)\)", query) for name in group.split(",")
    ]
    return {*matched, *(name.strip() for name in grouped)}


def check(query: str, recorded: dict[str, set[str]] | None = None) -> None:
    """Assert that a pod exports every series of `query`, with its labels, or a rule records it."""
    known = exported() | (recorded or {})
    series = series_of(query)
    assert series <= set(known), f"{series - set(known)} is no metric"
    labels = TARGET.union(*(known[name] for name in series))
    assert labels_of(query) <= labels, f"{labels_of(query) - labels} is no label of {series}"
