"""Prometheus scrapes the pods; dashboard and rules find what they ask for; an alert fires."""

import json
import math
import re
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.cluster.kube import Object, wait_for
from tests.cluster.load import BOTH_ANSWERED, Load
from tests.cluster.prometheus import SCRAPED_SECONDS, Prometheus
from tests.cluster.release import Release, merged
from tests.cluster.web import Client

FIRING_SECONDS = 60


@pytest.fixture(scope="module")
def prometheus() -> Prometheus:
    """The cluster's Prometheus."""
    return Prometheus()


@pytest.fixture(scope="module")
def monitored(prometheus: Prometheus, namespace: str, host: str) -> Iterator[Release]:
    """Two pods with everything that has to do with metrics."""
    one = Release(namespace)
    wanted = {
        "allowAnonymous": True,
        "ingress": {"enabled": True, "host": host},
        "metrics": {"prometheusRule": {"downFor": "5s"}, "dashboard": {"enabled": True}},
        "preStopSeconds": 1,
        "replicaCount": 2,
    }
    one.install(merged(prometheus.values(), wanted))
    yield one
    one.helm("uninstall", one.name, "--wait", "--timeout=60s")


def _rules(release: Release) -> list[Object]:
    groups = release.get("prometheusrule", release.name)["spec"]["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _dashboard(release: Release) -> Object:
    texts = release.get("configmap", f"{release.name}-dashboard")["data"]
    dashboard: Object = json.loads(texts[f"{release.name}.json"])
    return dashboard


def test_each_pod_is_scraped(monitored: Release, prometheus: Prometheus) -> None:
    series = f'up{{namespace="{monitored.namespace}"}}'

    def up() -> dict[str, float]:
        return {labels["pod"]: value for labels, value in prometheus.query(series)}

    wait_for("up", SCRAPED_SECONDS, lambda: up() == dict.fromkeys(monitored.pod_names(), 1))


def test_every_query_of_dashboard_and_rules_finds_data_under_load(
    monitored: Release,
    host: str,
    prometheus: Prometheus,
    outside: Callable[..., Client],
    load: Callable[..., Load],
) -> None:
    url, address = f"http://{host}", monitored.address()
    wait_for("an answer", 30, lambda: outside(url, address).faq().is_success)
    running = load(url, address, "--rate", "10")
    dashboard = _dashboard(monitored)
    chosen = _choose(dashboard, monitored, prometheus)
    targets = [target for panel in dashboard["panels"] for target in panel.get("targets", [])]
    queries = [_with(chosen, target["expr"]) for target in targets]
    for rule in _rules(monitored):
        # Of an alert, what it compares: it has no series while all is well.
        queries += re.split(r" (?:==|>) ", rule["expr"])[:1] if "alert" in rule else [rule["expr"]]
    assert len(queries) > 20
    for query in queries:
        wait_for(f"data of {query}", SCRAPED_SECONDS, partial(_finds, prometheus, query))
    assert set(running.stop()) == BOTH_ANSWERED


def _choose(dashboard: Object, release: Release, prometheus: Prometheus) -> dict[str, str]:
    """The dashboard's variables, of which Prometheus must offer this release's."""
    chosen = {"__rate_interval": "1m"}
    wanted = {"namespace": release.namespace, "job": f"{release.name}-metrics"}
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            name, query = variable["name"], _with(chosen, variable["query"]["query"])
            offered = partial(_offers, prometheus, query, wanted[name])
            wait_for(f"{wanted[name]} in the dashboard's list", SCRAPED_SECONDS, offered)
            chosen[name] = wanted[name]
    assert chosen.keys() > wanted.keys()
    return chosen


def _offers(prometheus: Prometheus, query: str, value: str) -> bool:
    """Whether Grafana's query of a variable, `label_values(SERIES, LABEL)`, gives `value`."""
    match = re.fullmatch(r"label_values\((.*), (\w+)\)", query)
    assert match
    series, label = match.groups()
    return value in prometheus.ask(f"label/{label}/values", **{"match[]": series})


def _with(chosen: dict[str, str], text: str) -> str:
    return re.sub(r"\$(\w+)", lambda match: chosen[match[1]], text)


def _finds(prometheus: Prometheus, query: str) -> bool:
    """Whether some series has a number: 0 / 0, of a route that nobody calls, is none."""
    return any(not math.isnan(value) for _, value in prometheus.query(query))


def test_prometheus_evaluates_every_rule(monitored: Release, prometheus: Prometheus) -> None:
    names = {rule.get("alert") or rule["record"] for rule in _rules(monitored)}

    def healthy() -> bool:
        groups = prometheus.ask("rules")["groups"]
        ours = [group for group in groups if group["name"].startswith(f"{monitored.namespace}-")]
        health = {rule["name"]: rule["health"] for group in ours for rule in group["rules"]}
        return health == dict.fromkeys(names, "ok")

    wait_for("healthy rules", SCRAPED_SECONDS, healthy)
    assert "RtscoreDown" in names
    assert not _firing(monitored, prometheus)


def test_an_alert_fires_when_the_pods_fail(monitored: Release, prometheus: Prometheus) -> None:
    broken = {"models": {"faq": {"path": "/models/missing.onnx"}}}
    recreate = {"updateStrategy": {"type": "Recreate", "rollingUpdate": None}}
    monitored.upgrade(broken | recreate, wait=False)
    wait_for("RtscoreDown", FIRING_SECONDS, lambda: "RtscoreDown" in _firing(monitored, prometheus))
    monitored.upgrade({"models": {"faq": {"path": ""}}})
    wait_for("its end", FIRING_SECONDS, lambda: "RtscoreDown" not in _firing(monitored, prometheus))


def _firing(release: Release, prometheus: Prometheus) -> set[str]:
    return {
        alert["labels"]["alertname"]
        for alert in prometheus.ask("alerts")["alerts"]
        if alert["labels"].get("namespace") == release.namespace and alert["state"] == "firing"
    }
