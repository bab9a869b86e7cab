"""values.schema.json: unknown keys and wrong types are refused under the name of the value."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from tests.charts.chart import CHART, Object, leaves, refusal

# Parts of Kubernetes' own objects, which its API checks.
KUBERNETES = {"resources", "updateStrategy", "podSecurityContext", "securityContext"}


def schema() -> Object:
    found: Object = json.loads((CHART / "values.schema.json").read_text())
    return found


def closed(node: Object, path: str = "") -> Iterator[str]:
    """Every object of the schema that takes only known keys."""
    node = {**schema()["$defs"].get(node.get("$ref", "").rpartition("/")[2], {}), **node}
    if node.get("additionalProperties") is False:
        yield path
    for name, inner in node.get("properties", {}).items():
        yield from closed(inner, f"{path}.{name}" if path else name)


def test_unknown_keys_are_refused_at_every_level() -> None:
    paths = list(closed(schema()))
    assert {"", "image", "models.faq.copyFrom", "metrics.prometheusRule"} <= set(paths)
    values: dict[str, Any] = {}
    for number, path in enumerate(paths):
        place = values
        for part in filter(None, path.split(".")):
            place = place.setdefault(part, {})
        place[f"astray{number}"] = 1
    message = refusal(values)
    for number, path in enumerate(paths):
        (line,) = re.findall(rf".*\bastray{number}\b.*", message)
        assert path in line.replace("/", ".")


def test_wrong_types_are_refused_at_every_value() -> None:
    wrong: dict[str, Any] = {}
    for path, value in leaves(yaml.safe_load((CHART / "values.yaml").read_text())):
        *parents, last = path.split(".")
        if parents and parents[0] in KUBERNETES:
            continue
        place = wrong
        for part in parents:
            place = place.setdefault(part, {})
        place[last] = "astray" if isinstance(value, list | dict) else ["astray"]
    message = refusal(wrong).replace("/", ".")
    missing = [path for path, _ in leaves(wrong) if not re.search(rf"\b{path}\b", message)]
    assert not missing


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"image": {"digest": "sha256:1"}}, "image.digest"),
        ({"settings": {"queueLimit": 10}}, "settings.queueLimit"),
        ({"settings": {"metricsPort": 9}}, "metricsPort"),
        ({"service": {"port": 70000}}, "service.port"),
        ({"podDisruptionBudget": {"maxUnavailable": 0}}, "podDisruptionBudget.maxUnavailable"),
        ({"podDisruptionBudget": {"maxUnavailable": "0%"}}, "podDisruptionBudget.maxUnavailable"),
        ({"autoscaling": {"type": "vpa"}}, "autoscaling.type"),
        ({"apiKeys": {"keys": {"..data": "x"}}}, "apiKeys.keys"),
        ({"metrics": {"serviceMonitor": {"interval": "15"}}}, "metrics.serviceMonitor.interval"),
        ({"gpu": {"count": 0.5}}, "gpu.count"),
        ({"extraEnv": [{"name": "A", "value": 1}]}, "extraEnv.0.value"),
        ({"podLabels": {"app.kubernetes.io/name": "x"}}, "podLabels"),
        ({"commonLabels": {"helm.sh/chart": "x"}}, "commonLabels"),
    ],
)
def test_values_out_of_bounds_are_refused(values: Mapping[str, Any], name: str) -> None:
    assert name in refusal(values).replace("/", ".")
