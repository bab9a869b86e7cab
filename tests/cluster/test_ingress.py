"""TLS, redirects and keys through real ingress controllers and a Gateway."""

import os
from collections.abc import Callable

import httpx
import pytest

from tests.cluster.kube import apply, get, has_api, lacking, wait_for
from tests.cluster.release import Release, condition
from tests.cluster.web import Client

KEY = "correct-horse-battery"
Outside = Callable[..., Client]


def _serves(outside: Outside, host: str, address: str) -> None:
    """Both routes answer over TLS with a key; without one, and by HTTP, they don't."""
    https = outside(f"https://{host}", address, key=KEY)
    wait_for("an answer over TLS", 30, lambda: https.get("/readyz").status_code == 200)
    assert https.faq().json()["matches"][0]["id"] == "deep-clone-object"
    assert https.classify().json()["predictions"][0]["label"] == "daisy"
    assert https.get("/v1/models").status_code == 200
    assert https.get("/metrics").status_code == 404
    assert outside(f"https://{host}", address).faq().status_code == 401
    assert outside(f"https://{host}", address, key="wrong").classify().status_code == 401


def _redirects(outside: Outside, host: str, address: str) -> None:
    http = outside(f"http://{host}", address, key=KEY)
    answer = wait_for("a redirect", 20, lambda: _redirect(http.get("/v1/models?a=b")))
    assert answer.headers["Location"] == f"https://{host}/v1/models?a=b"
    assert http.faq().status_code in (301, 308)


def _redirect(answer: httpx.Response) -> httpx.Response | None:
    return answer if answer.is_redirect else None


@pytest.mark.parametrize("class_name", ["traefik", "nginx"])
def test_an_ingress_serves_tls_and_redirects_http(
    class_name: str, release: Release, host: str, tls_secret: str, outside: Outside
) -> None:
    if class_name not in {item["metadata"]["name"] for item in get("ingressclass")["items"]}:
        lacking(f"no ingress class {class_name}")
    release.install(
        {
            "apiKeys": {"enabled": True, "keys": {"alice": KEY}},
            "ingress": {
                "enabled": True,
                "className": class_name,
                "host": host,
                "tls": {"enabled": True, "secretName": tls_secret},
            },
        }
    )
    address = release.address()
    _serves(outside, host, address)
    _redirects(outside, host, address)


def test_a_gateway_serves_tls_and_redirects_http(
    release: Release, host: str, tls_secret: str, outside: Outside
) -> None:
    gateway = _gateway(release.namespace, tls_secret)
    release.install(
        {
            "apiKeys": {"enabled": True, "keys": {"alice": KEY}},
            "gateway": {
                "enabled": True,
                "parentRefs": [{"name": "web", "sectionName": "https"}],
                "hostnames": [host],
                "redirect": True,
            },
        }
    )
    address = wait_for("the gateway's address", 30, lambda: _address(release))
    _serves(outside, host, address)
    _redirects(outside, host, address)
    assert condition(release.get("gateway", gateway), "Programmed") == "True"
    route = release.get("httproute", release.name)
    assert condition({"status": route["status"]["parents"][0]}, "Accepted") == "True"


def _gateway(namespace: str, tls_secret: str) -> str:
    """Make a Gateway with an HTTP and an HTTPS listener; its name.

    GATEWAY_PORTS are for controllers whose listeners have other ports than they are reached at.
    """
    if not has_api("gateways.gateway.networking.k8s.io"):
        lacking("no Gateway API")
    classes = get("gatewayclass")["items"]
    if not classes:
        lacking("no GatewayClass")
    http, https = map(int, os.environ.get("GATEWAY_PORTS", "80,443").split(","))
    tls = {"certificateRefs": [{"name": tls_secret}]}
    spec = {
        "gatewayClassName": classes[0]["metadata"]["name"],
        "listeners": [
            {"name": "http", "protocol": "HTTP", "port": http},
            {"name": "https", "protocol": "HTTPS", "port": https, "tls": tls},
        ],
    }
    gateway = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "web"},
        "spec": spec,
    }
    apply(gateway, namespace=namespace)
    return "web"


def _address(release: Release) -> str:
    addresses = release.get("gateway", "web")["status"].get("addresses", [])
    return str(addresses[0]["value"]) if addresses else ""


def test_two_releases_share_a_host(
    release: Release, host: str, tls_secret: str, outside: Outside
) -> None:
    """FAQ and images as two releases: each path leads to its own, the rest to the shared one."""
    ingress = {
        "host": host,
        "enabled": True,
        "tls": {"enabled": True, "secretName": tls_secret},
    }
    keys = {"enabled": True, "keys": {"alice": KEY}}
    images = Release(release.namespace, "images")
    off = {"enabled": False}
    release.install({"ingress": ingress, "apiKeys": keys, "models": {"image": off}}, wait=False)
    images.install(
        {"ingress": ingress | {"shared": False}, "apiKeys": keys, "models": {"faq": off}}
    )
    release.wait_for_ready(1)
    try:
        client = outside(f"https://{host}", release.address(), key=KEY)
        wait_for("both", 30, lambda: client.faq().is_success and client.classify().is_success)
        assert client.get("/v1/models/faq").json()["name"] == "faq"
        assert client.get("/v1/models/image").json()["name"] == "image"
        shared = client.get("/v1/models").json()["models"]
        assert [model["name"] for model in shared] == ["faq"]
        assert client.get("/docs").status_code == 200
    finally:
        images.helm("uninstall", "images", "--wait")
