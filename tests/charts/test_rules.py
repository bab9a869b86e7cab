"""The PrometheusRule: promtool takes it, and every alert fires when it should and only then."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.charts import queries
from tests.charts.chart import CASES, all_of, one, render, render_case, tool

TESTS = Path(__file__).parent / "rules_test.yaml"
ON = {"enabled": True}


def groups(**values: Any) -> list[Any]:
    objects = render({"metrics": {"prometheusRule": ON | values}})
    found: list[Any] = one(objects, "PrometheusRule")["spec"]["groups"]
    return found


def rules(**values: Any) -> list[Any]:
    return [rule for group in groups(**values) for rule in group["rules"]]


def alerts(**values: Any) -> dict[str, Any]:
    return {rule["alert"]: rule for rule in rules(**values) if "alert" in rule}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with rules.yaml, as Prometheus reads it."""
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": groups()}))
    return tmp_path


def promtool(*arguments: str | Path) -> None:
    command = [tool("promtool"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_takes_the_rules(folder: Path) -> None:
    promtool("check", "rules", "--lint=all", "--lint-fatal", folder / "rules.yaml")


def test_alerts_fire_when_they_should_and_only_then(folder: Path) -> None:
    shutil.copy(TESTS, folder)
    promtool("test", "rules", folder / TESTS.name)


def test_every_alert_is_tried_both_ways() -> None:
    tried = [
        (item["alertname"], bool(item["exp_alerts"]))
        for test in yaml.safe_load(TESTS.read_text())["tests"]
        for item in test["alert_rule_test"]
    ]
    assert set(tried) == {(name, fires) for name in alerts() for fires in (True, False)}


def test_every_alert_says_what_to_do() -> None:
    for rule in alerts().values():
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert {"summary", "description"} == set(rule["annotations"])


def test_thresholds_and_times_are_values() -> None:
    given = {"downFor": "7m", "for": "9m", "errorRatio": 0.25, "p99Seconds": 3.5}
    found = alerts(**given)
    assert found.pop("RtscoreDown")["for"] == "7m"
    assert {rule["for"] for rule in found.values()} == {"9m"}
    assert found["RtscoreErrors"]["expr"].endswith("> 0.25")
    assert found["RtscoreSlow"]["expr"].endswith("> 3.5")


def test_rules_read_metrics_that_exist() -> None:
    recorded = {
        rule["record"]: queries.labels_of(rule["expr"]) for rule in rules() if "record" in rule
    }
    assert len(recorded) >= 5
    for rule in rules():
        queries.check(rule["expr"], recorded)


def test_an_unknown_metric_or_label_would_be_noticed() -> None:
    for query in ("rtscore_requests{route='x'}", 'sum by (user) (rtscore_requests_total{job="x"})'):
        with pytest.raises(AssertionError):
            queries.check(query)
    queries.check('sum by (route) (rate(rtscore_requests_total{job="x"}[5m]))')


def test_rules_of_two_releases_have_names_of_their_own() -> None:
    other = render({"metrics": {"prometheusRule": ON}}, release="other")
    names = {group["name"] for group in one(other, "PrometheusRule")["spec"]["groups"]}
    assert not names & {group["name"] for group in groups()}


def test_keda_asks_for_metrics_that_exist() -> None:
    found = [
        trigger["metadata"]["query"]
        for case in CASES
        for item in all_of(render_case(case), "ScaledObject")
        for trigger in item["spec"]["triggers"]
    ]
    assert len(found) >= 4
    for query in found:
        queries.check(query)
        assert re.match(r"max\(", query), "KEDA takes one series"
