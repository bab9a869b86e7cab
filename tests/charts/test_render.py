"""Every set of values renders to objects that Kubernetes takes, each from a file of its own."""

import copy
import json
import re
from collections import Counter
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
from kubernetes_validate.utils import all_versions  # type: ignore[import-untyped]

from tests.charts.chart import (
    CASES,
    CHART,
    NAME,
    NAMESPACE,
    Object,
    all_of,
    each_case,
    helm,
    one,
    pod_of,
    render,
    render_case,
    template,
)

VERSIONS = [
    version
    for version in dict.fromkeys(all_versions())
    if tuple(map(int, version.split(".")[:2])) >= (1, 29)
]
CUSTOM = {
    ("gateway.networking.k8s.io/v1", "HTTPRoute"),
    ("keda.sh/v1alpha1", "ScaledObject"),
    ("monitoring.coreos.com/v1", "PrometheusRule"),
    ("monitoring.coreos.com/v1", "ServiceMonitor"),
    ("azmonitoring.coreos.com/v1", "ServiceMonitor"),
    ("traefik.io/v1alpha1", "Middleware"),
}


def api(item: Object) -> tuple[str, str]:
    return item["apiVersion"], item["kind"]


@each_case
def test_lint_has_nothing_to_say(case: str) -> None:
    files, values = CASES[case]
    given = [argument for file in files for argument in ("-f", str(CHART / file))]
    over = json.dumps(values)
    done = helm("lint", "--strict", "--quiet", str(CHART), *given, "-f", "-", stdin=over)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stdout


def test_the_schemas_reach_from_the_oldest_version_to_the_newest() -> None:
    assert VERSIONS[0].startswith("1.29.")
    assert len(VERSIONS) >= 9
    assert 'kubeVersion: ">=1.29.0-0"' in (CHART / "Chart.yaml").read_text()


@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_fits_the_schemas_of_kubernetes(version: str) -> None:
    seen: list[Object] = []
    for case in CASES:
        for item in render_case(case):
            if api(item) not in CUSTOM and item not in seen:
                kubernetes_validate.validate(item, version, strict=True)
                seen.append(item)
    assert len({item["kind"] for item in seen}) >= 9


@pytest.mark.parametrize("version", VERSIONS)
def test_an_unknown_field_and_a_wrong_type_would_be_noticed(version: str) -> None:
    unknown: Any = copy.deepcopy(one(render(), "Deployment"))
    unknown["spec"]["template"]["spec"]["containers"][0]["cmd"] = []
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(unknown, version, strict=True)
    wrong: Any = copy.deepcopy(one(render(), "Deployment"))
    wrong["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"] = 1
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, version, strict=True)


def test_each_custom_kind_is_rendered_by_some_case() -> None:
    assert {api(item) for case in CASES for item in render_case(case)} >= CUSTOM


def test_custom_kinds_are_off_by_default() -> None:
    assert not CUSTOM & {api(item) for item in render()}


def test_each_file_renders_one_object_at_most_and_is_rendered_by_some_case() -> None:
    used: set[str] = set()
    for case, (files, values) in CASES.items():
        sources = Counter(re.findall(r"^# Source: rtscore/(\S+)$", template(values, files), re.M))
        assert set(sources.values()) == {1}, (case, sources)
        assert sum(sources.values()) == len(render_case(case))
        used |= set(sources)
    assert used == {str(path.relative_to(CHART)) for path in CHART.glob("templates/**/*.yaml")}, (
        "add values to ci/ that render every template"
    )


@each_case
def test_every_object_is_in_the_namespace_and_labelled(case: str) -> None:
    for item in render_case(case):
        metadata = item["metadata"]
        assert metadata["namespace"] == NAMESPACE, item["kind"]
        labels = metadata["labels"]
        assert labels["app.kubernetes.io/name"] == "rtscore"
        assert labels["app.kubernetes.io/instance"] == "prod"
        assert labels["app.kubernetes.io/managed-by"] == "Helm"
        assert {
            "app.kubernetes.io/version",
            "app.kubernetes.io/component",
            "helm.sh/chart",
        } <= set(labels)
        assert all(isinstance(value, str) for value in labels.values())


def test_labels_of_ones_own_are_on_every_object() -> None:
    assert {item["metadata"]["labels"].get("team") for item in render_case("everything")} == {
        "search"
    }


@pytest.mark.parametrize("release", ["prod", "rtscore", "a" * 53])
def test_names_are_unique_and_fit(release: str) -> None:
    objects = render_case("everything") if release == "prod" else render(release=release)
    names = Counter((item["kind"], item["metadata"]["name"]) for item in objects)
    assert set(names.values()) == {1}
    assert max(len(name) for _, name in names) <= 63
    scaled = one(objects, "Deployment")["metadata"]["name"]
    assert len(f"keda-hpa-{scaled}") <= 63


def test_names_follow_the_release_and_can_be_replaced() -> None:
    assert one(render(), "Deployment")["metadata"]["name"] == NAME
    assert one(render(release="rtscore"), "Deployment")["metadata"]["name"] == "rtscore"
    assert one(render_case("everything"), "Deployment")["metadata"]["name"] == "scoring"
    named = render({"nameOverride": "faq"})
    assert one(named, "Deployment")["metadata"]["name"] == "prod-faq"
    assert pod_of(named)["metadata"]["labels"]["app.kubernetes.io/name"] == "faq"
    assert {item["metadata"]["name"] for item in all_of(named, "Service")} == {
        "prod-faq",
        "prod-faq-metrics",
    }
