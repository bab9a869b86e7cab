"""Who is chosen by labels: the server's pods, all of them and nobody else."""

from collections.abc import Iterator

import pytest

from tests.charts.chart import Object, all_of, each_case, one, pod_of, render, render_case


def selectors(objects: tuple[Object, ...]) -> Iterator[tuple[str, dict[str, str]]]:
    """Everything that selects pods, by name."""
    deployment = one(objects, "Deployment")["spec"]
    yield "Deployment", deployment["selector"]["matchLabels"]
    for constraint in deployment["template"]["spec"]["topologySpreadConstraints"]:
        yield constraint["topologyKey"], constraint["labelSelector"]["matchLabels"]
    affinity = deployment["template"]["spec"]["affinity"].get("podAntiAffinity", {})
    for preference in affinity.get("preferredDuringSchedulingIgnoredDuringExecution", []):
        term = preference["podAffinityTerm"]
        yield term["topologyKey"], term["labelSelector"]["matchLabels"]
    for service in all_of(objects, "Service"):
        yield service["metadata"]["name"], service["spec"]["selector"]
    yield "NetworkPolicy", one(objects, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"]
    budget = one(objects, "PodDisruptionBudget")["spec"]
    yield "PodDisruptionBudget", budget["selector"]["matchLabels"]


def chosen(selector: dict[str, str], labels: dict[str, str]) -> bool:
    return bool(selector) and selector.items() <= labels.items()


@each_case
def test_selectors_choose_the_servers_pods_and_not_the_tests(case: str) -> None:
    objects = render_case(case)
    server = pod_of(objects)["metadata"]["labels"]
    test = one(objects, "Pod")["metadata"]["labels"]
    found = dict(selectors(objects))
    assert len(found) == (6 if case == "everything" else 7)  # that has an affinity of its own
    for name, selector in found.items():
        assert chosen(selector, server), name
        assert not chosen(selector, test), name


@each_case
def test_selectors_never_change_with_the_version(case: str) -> None:
    objects = render_case(case)
    volatile = {"helm.sh/chart", "app.kubernetes.io/version", "app.kubernetes.io/managed-by"}
    for name, selector in selectors(objects):
        assert not volatile & set(selector), name
    assert not volatile & set(pod_of(objects)["metadata"]["labels"]), "an upgrade restarts pods"


def test_two_releases_do_not_choose_each_others_pods() -> None:
    other = pod_of(render(release="other"))["metadata"]["labels"]
    assert not [name for name, selector in selectors(render()) if chosen(selector, other)]


def test_a_spread_constraint_may_have_a_selector_of_its_own() -> None:
    own = {"matchLabels": {"team": "search"}}
    constraint = {
        "maxSkew": 2,
        "topologyKey": "rack",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": own,
    }
    spec = pod_of(render({"topologySpreadConstraints": [constraint]}))["spec"]
    assert spec["topologySpreadConstraints"] == [constraint]


@pytest.mark.parametrize("case", ["everything", "ingress-azure"])
def test_a_service_monitor_chooses_the_metrics_service_alone(case: str) -> None:
    objects = render_case(case)
    monitor = one(objects, "ServiceMonitor")["spec"]
    services = [
        item
        for item in all_of(objects, "Service")
        if chosen(monitor["selector"]["matchLabels"], item["metadata"]["labels"])
    ]
    (service,) = services
    assert service["spec"]["clusterIP"] == "None"
    assert [item["port"] for item in monitor["endpoints"]] == [
        port["name"] for port in service["spec"]["ports"]
    ]


def test_labels_of_monitoring_are_those_asked_for() -> None:
    objects = render_case("everything")
    for kind in ("ServiceMonitor", "PrometheusRule"):
        assert one(objects, kind)["metadata"]["labels"]["release"] == "prometheus"
    assert one(objects, "ConfigMap")["metadata"]["labels"]["grafana_dashboard"] == "1"


def test_labels_and_annotations_of_pods() -> None:
    metadata = pod_of(render_case("everything"))["metadata"]
    assert metadata["labels"]["sidecar.istio.io/inject"] == "false"
    assert metadata["annotations"]["example.com/owner"] == "search"
