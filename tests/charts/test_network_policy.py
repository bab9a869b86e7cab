"""Who may reach the pods, and what they may reach."""

from typing import Any

from tests.charts.chart import one, render, render_case

DNS = {
    "to": [{"namespaceSelector": {}}, {"ipBlock": {"cidr": "169.254.0.0/16"}}],
    "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}],
}


def rules(values: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    spec = one(render({"networkPolicy": values}), "NetworkPolicy")["spec"]
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    return spec["ingress"], spec["egress"]


def namespaces(rule: dict[str, Any]) -> list[str]:
    """The namespaces by name that a rule admits."""
    (found,) = (item["namespaceSelector"] for item in rule["from"] if "namespaceSelector" in item)
    (expression,) = found["matchExpressions"]
    assert (expression["key"], expression["operator"]) == ("kubernetes.io/metadata.name", "In")
    names: list[str] = expression["values"]
    return names


def test_the_api_is_for_the_own_namespace_and_ingress_controllers() -> None:
    (api, metrics), _ = rules({})
    assert {"podSelector": {}} in api["from"]
    assert {"ingress-nginx", "traefik", "gateway-system"} <= set(namespaces(api))
    assert "monitoring" in namespaces(metrics)
    assert {"podSelector": {}} not in metrics["from"]


def test_namespaces_can_be_changed_and_left_out() -> None:
    (api, metrics), _ = rules({"ingressNamespaces": ["edge"], "metricsNamespaces": ["watch"]})
    assert (namespaces(api), namespaces(metrics)) == (["edge"], ["watch"])
    (only,), _ = rules({"ingressNamespaces": [], "metricsNamespaces": []})
    assert only == {"ports": [{"port": "http"}], "from": [{"podSelector": {}}]}


def test_pods_get_out_to_dns_and_what_is_added() -> None:
    assert rules({})[1] == [DNS]
    more = {"ports": [{"port": 443, "protocol": "TCP"}]}
    assert one(render_case("models"), "NetworkPolicy")["spec"]["egress"] == [DNS, more]


def test_more_sources_join() -> None:
    *_, last = one(render_case("everything"), "NetworkPolicy")["spec"]["ingress"]
    assert last == {"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": [{"port": "http"}]}


def test_the_policy_can_be_switched_off() -> None:
    objects = render({"networkPolicy": {"enabled": False}})
    assert not [item for item in objects if item["kind"] == "NetworkPolicy"]
