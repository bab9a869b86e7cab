"""What leads from the outside to the pods: Ingress, HTTPRoute, Service, and who may pass."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.charts.chart import (
    NAME,
    Object,
    all_of,
    each_case,
    one,
    render,
    render_case,
)
from tests.live import LiveServer

FAQ = {("/v1/faq", "Exact"), ("/v1/models/faq", "Exact")}
IMAGES = {("/v1/classify", "Exact"), ("/v1/models/image", "Exact")}
REST = {("/", "Prefix")}
OPEN = {"allowAnonymous": True}
OFF = {"enabled": False}


def routes(objects: tuple[Object, ...]) -> set[tuple[str, str]]:
    """Path and type of every rule of the Ingress; each leads to the API's port."""
    (rule,) = one(objects, "Ingress")["spec"]["rules"]
    service = {"name": one(objects, "Deployment")["metadata"]["name"], "port": {"name": "http"}}
    paths = rule["http"]["paths"]
    assert all(path["backend"] == {"service": service} for path in paths)
    found = {(path["path"], path["pathType"]) for path in paths}
    assert len(found) == len(paths)
    return found


def ingress(models: Mapping[str, Any], **values: Any) -> set[tuple[str, str]]:
    given = {"enabled": True, "host": "rtscore.test", **values}
    return routes(render({"ingress": given, "models": models, **OPEN}))


def test_an_ingress_leads_to_the_models_of_its_release() -> None:
    assert ingress({}) == FAQ | IMAGES | REST
    assert ingress({}, shared=False) == FAQ | IMAGES
    assert ingress({"image": OFF}) == FAQ | REST
    assert ingress({"image": OFF}, shared=False) == FAQ
    assert ingress({"faq": OFF}, shared=False) == IMAGES


def test_two_releases_share_a_host_without_a_path_in_common() -> None:
    faq, images = render_case("example-faq"), render_case("example-images")
    assert routes(faq) == FAQ | REST
    assert routes(images) == IMAGES
    hosts = {one(part, "Ingress")["spec"]["rules"][0]["host"] for part in (faq, images)}
    assert hosts == {"rtscore.test"}


def test_the_paths_are_the_servers(server: LiveServer) -> None:
    with server.client() as client:
        for path, _ in FAQ | IMAGES:
            assert client.get(path).status_code in (200, 405), path
        assert client.get("/v1/models/other").status_code == 404


def test_tls_of_an_ingress() -> None:
    spec = one(render_case("ingress-traefik"), "Ingress")["spec"]
    assert spec["ingressClassName"] == "traefik"
    assert spec["tls"] == [{"hosts": ["rtscore.test"], "secretName": "rtscore-tls"}]
    plain = {"enabled": True, "host": "rtscore.test"}
    assert not {"tls", "ingressClassName"} & set(
        one(render({"ingress": plain, **OPEN}), "Ingress")["spec"]
    )
    without = render({"ingress": plain | {"tls": {"enabled": True}, "redirect": False}, **OPEN})
    assert one(without, "Ingress")["spec"]["tls"] == [{"hosts": ["rtscore.test"]}]


def test_an_http_route_leads_to_the_service() -> None:
    objects = render_case("gateway")
    spec = one(objects, "HTTPRoute", NAME)["spec"]
    assert spec["hostnames"] == ["rtscore.test"]
    (service,) = (item for item in all_of(objects, "Service") if item["metadata"]["name"] == NAME)
    (port,) = service["spec"]["ports"]
    found = set()
    for rule in spec["rules"]:
        assert rule["backendRefs"] == [{"name": NAME, "port": port["port"]}]
        (match,) = rule["matches"]
        found.add((match["path"]["value"], match["path"]["type"]))
    assert found == FAQ | IMAGES | {("/", "PathPrefix")}


def test_a_gateway_redirects_by_its_http_listener() -> None:
    objects = render_case("gateway")
    serving = one(objects, "HTTPRoute", NAME)["spec"]
    redirecting = one(objects, "HTTPRoute", f"{NAME}-redirect")["spec"]
    web = {"name": "web", "namespace": "gateways"}
    assert serving["parentRefs"] == [web | {"sectionName": "https"}]
    assert redirecting["parentRefs"] == [web | {"sectionName": "http"}]
    assert redirecting["hostnames"] == serving["hostnames"]
    (rule,) = redirecting["rules"]
    assert "backendRefs" not in rule
    assert rule["filters"] == [
        {"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}}
    ]


def test_two_https_listeners_of_a_gateway_have_one_redirect() -> None:
    names = ("https-a", "https-b")
    refs = [{"name": "web", "sectionName": name, "port": 443} for name in names]
    gateway = {"enabled": True, "redirect": True, "parentRefs": refs}
    objects = render({"gateway": gateway, "allowAnonymous": True})
    redirect = one(objects, "HTTPRoute", f"{NAME}-redirect")
    assert redirect["spec"]["parentRefs"] == [{"name": "web", "sectionName": "http"}]


def test_without_a_redirect_there_is_one_route() -> None:
    gateway = {"enabled": True, "parentRefs": [{"name": "web"}]}
    assert one(render({"gateway": gateway, **OPEN}), "HTTPRoute")["metadata"]["name"] == NAME
    alone = render({"gateway": gateway | {"shared": False}, "models": {"image": OFF}, **OPEN})
    assert [rule["matches"][0]["path"] for rule in one(alone, "HTTPRoute")["spec"]["rules"]] == [
        {"type": "Exact", "value": path} for path in ("/v1/faq", "/v1/models/faq")
    ]


@each_case
def test_nothing_that_is_exposed_leads_to_the_metrics(case: str) -> None:
    api, metrics = sorted(
        all_of(render_case(case), "Service"), key=lambda item: len(item["metadata"]["name"])
    )
    assert [port["targetPort"] for port in api["spec"]["ports"]] == ["http"]
    assert [port["targetPort"] for port in metrics["spec"]["ports"]] == ["metrics"]
    assert metrics["spec"]["clusterIP"] == "None"
    assert metrics["spec"].get("type", "ClusterIP") == "ClusterIP"
    for item in all_of(render_case(case), "Ingress") + all_of(render_case(case), "HTTPRoute"):
        assert metrics["metadata"]["name"] not in str(item["spec"])


def test_a_load_balancer_gets_its_annotations_and_ranges() -> None:
    service = one(render_case("loadbalancer"), "Service", NAME)
    assert service["spec"]["type"] == "LoadBalancer"
    assert service["spec"]["loadBalancerSourceRanges"] == ["10.0.0.0/8"]
    assert service["metadata"]["annotations"] == {
        "service.beta.kubernetes.io/azure-load-balancer-internal": "true"
    }
    ranges = {"service": {"loadBalancerSourceRanges": ["10.0.0.0/8"]}}
    assert "loadBalancerSourceRanges" not in one(render(ranges), "Service", NAME)["spec"]


def test_the_services_port() -> None:
    (port,) = one(render({"service": {"port": 8080}}), "Service", NAME)["spec"]["ports"]
    assert (port["port"], port["targetPort"]) == (8080, "http")


@pytest.mark.parametrize("case", ["default", "loadbalancer"])
def test_balancers_callers_come_from_anywhere_and_others_do_not(case: str) -> None:
    api, metrics = one(render_case(case), "NetworkPolicy")["spec"]["ingress"]
    assert api["ports"] == [{"port": "http"}]
    assert metrics["ports"] == [{"port": "metrics"}]
    assert ("from" in api) == (case == "default")
    assert metrics["from"], "an empty list would admit everyone"
