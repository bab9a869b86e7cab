"""The Grafana dashboard: every query reads what a pod exports, every panel has its place."""

import itertools
import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.charts import queries
from tests.charts.chart import Object, one, render, render_case, tool
from tests.live import LiveServer

VARIABLES = {"datasource", "namespace", "job"}


@pytest.fixture
def dashboard() -> Object:
    """The dashboard as its ConfigMap holds it."""
    (text,) = one(render_case("everything"), "ConfigMap")["data"].values()
    found: Object = json.loads(text)
    return found


def expressions(dashboard: Object) -> list[str]:
    return [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


def test_the_config_map_names_a_json_file() -> None:
    assert list(one(render_case("everything"), "ConfigMap")["data"]) == ["scoring.json"]


def test_each_release_has_a_dashboard_of_its_own() -> None:
    values = {"metrics": {"dashboard": {"enabled": True}}}
    made = [
        json.loads(*one(render(values | {"fullnameOverride": name}), "ConfigMap")["data"].values())
        for name in ("faq", "images")
    ]
    for field in ("uid", "title"):
        assert made[0][field] != made[1][field]
    assert made[0]["panels"] == made[1]["panels"]


def test_every_query_reads_metrics_that_exist(dashboard: Object) -> None:
    assert len(expressions(dashboard)) >= 15
    for query in expressions(dashboard):
        queries.check(query)
        assert '{namespace="$namespace",job="$job"' in query


def test_every_metric_of_the_server_is_shown(dashboard: Object) -> None:
    shown = {name for query in expressions(dashboard) for name in queries.series_of(query)}
    families = {re.sub(r"_(bucket|count|sum)$", "", name) for name in queries.exported()}
    assert families == {re.sub(r"_(bucket|count|sum)$", "", name) for name in shown}


def test_the_server_exports_what_is_shown(dashboard: Object, server: LiveServer) -> None:
    """Series of no calls exist too, but for that of Prometheus itself."""
    with server.client() as client:
        text = client.get("/metrics").text
    for name in {name for query in expressions(dashboard) for name in queries.series_of(query)}:
        assert name == "up" or re.search(rf"^{name}(\{{| )", text, re.M), name


def test_variables_are_declared_and_used(dashboard: Object) -> None:
    declared = {item["name"]: item for item in dashboard["templating"]["list"]}
    assert set(declared) == VARIABLES
    assert declared["datasource"]["type"] == "datasource"
    for item in [*dashboard["panels"], declared["namespace"], declared["job"]]:
        assert item["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(dashboard)))
    assert used == VARIABLES | {"__rate_interval"}


def test_panels_have_ids_titles_and_places_of_their_own(dashboard: Object) -> None:
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({panel["title"] for panel in panels}) == len(panels)
    for panel in panels:
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
        refs = [target["refId"] for target in panel["targets"]]
        assert len(set(refs)) == len(refs)
    for one_panel, other in itertools.combinations(panels, 2):
        assert not overlap(one_panel["gridPos"], other["gridPos"]), (one_panel["id"], other["id"])


def overlap(one_place: dict[str, int], other: dict[str, int]) -> bool:
    return all(
        one_place[start] < other[start] + other[size]
        and other[start] < one_place[start] + one_place[size]
        for start, size in (("x", "w"), ("y", "h"))
    )


def test_promtool_takes_every_query(dashboard: Object, tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:{number}", "expr": query.replace("$__rate_interval", "5m")}
        for number, query in enumerate(expressions(dashboard))
    ]
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    command = [tool("promtool"), "check", "rules", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
