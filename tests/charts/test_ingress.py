"""Annotations of the Ingress: what each class needs, under what the user sets."""

from typing import Any

import pytest

from tests.charts.chart import NAME, NAMESPACE, all_of, one, render, render_case

MIDDLEWARES = "traefik.ingress.kubernetes.io/router.middlewares"
NGINX = "nginx.ingress.kubernetes.io/"
APPGW = "appgw.ingress.kubernetes.io/ssl-redirect"
OURS = f"{NAMESPACE}-{NAME}@kubernetescrd"
BODY = {f"{NGINX}proxy-body-size": "0", f"{NGINX}proxy-request-buffering": "off"}


def annotations(class_name: str, tls: bool = True, **values: Any) -> dict[str, str]:
    given = {"enabled": True, "className": class_name, "host": "x.test", "tls": {"enabled": tls}}
    objects = render({"ingress": {**given, **values}, "allowAnonymous": True})
    found: dict[str, str] = one(objects, "Ingress")["metadata"].get("annotations", {})
    return found


def test_traefik_redirects_by_a_middleware_of_the_release() -> None:
    objects = render_case("ingress-traefik")
    middleware = one(objects, "Middleware")
    assert middleware["spec"] == {"redirectScheme": {"scheme": "https", "permanent": True}}
    metadata = middleware["metadata"]
    assert f"{metadata['namespace']}-{metadata['name']}@kubernetescrd" == OURS
    joined = one(objects, "Ingress")["metadata"]["annotations"]
    assert joined == {MIDDLEWARES: f"{OURS},other-compress@kubernetescrd"}
    assert annotations("traefik") == {MIDDLEWARES: OURS}


@pytest.mark.parametrize(("tls", "redirect"), [(False, True), (True, False), (False, False)])
def test_traefik_without_a_redirect_has_no_middleware(tls: bool, redirect: bool) -> None:
    assert annotations("traefik", tls, redirect=redirect) == {}
    own = {MIDDLEWARES: "a@file"}
    assert annotations("traefik", tls, redirect=redirect, annotations=own) == own
    values = {"enabled": True, "className": "traefik", "host": "x.test", "tls": {"enabled": tls}}
    objects = render({"ingress": {**values, "redirect": redirect}, "allowAnonymous": True})
    assert not all_of(objects, "Middleware")


@pytest.mark.parametrize("name", ["nginx", "webapprouting.kubernetes.azure.com"])
def test_nginx_redirects_and_leaves_the_body_to_the_server(name: str) -> None:
    redirect = f"{NGINX}ssl-redirect"
    assert annotations(name) == BODY | {redirect: "true"}
    assert annotations(name, redirect=False) == BODY | {redirect: "false"}
    assert annotations(name, tls=False) == BODY | {redirect: "false"}


def test_azures_application_gateway_redirects() -> None:
    assert annotations("azure-application-gateway") == {APPGW: "true"}
    assert annotations("azure-application-gateway", redirect=False) == {}


def test_another_class_gets_the_users_annotations_alone() -> None:
    own = {"haproxy.org/ssl-redirect": "true"}
    assert annotations("haproxy", redirect=False, annotations=own) == own
    assert annotations("haproxy", tls=False) == {}


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("nginx", f"{NGINX}ssl-redirect"),
        ("nginx", f"{NGINX}proxy-body-size"),
        ("azure-application-gateway", APPGW),
    ],
)
def test_the_users_annotations_win(name: str, key: str) -> None:
    ours = annotations(name)
    given = {key: "mine", "example.com/other": "x"}
    assert annotations(name, annotations=given) == ours | given
