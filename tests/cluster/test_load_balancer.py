"""A Service of type LoadBalancer: what it answers, to whom, and what it hides."""

import socket
from collections.abc import Callable, Iterator

import pytest

from tests.cluster.kube import wait_for
from tests.cluster.release import Release
from tests.cluster.web import Client

KEY = "correct-horse-battery"
ANNOTATIONS = {"service.beta.kubernetes.io/azure-load-balancer-health-probe-interval": "5"}
# Not every load balancer keeps to ranges, so nothing tells more than the Service has them.
EVERYWHERE = ["0.0.0.0/1", "128.0.0.0/1"]


@pytest.fixture(scope="module")
def balanced(namespace: str) -> Iterator[Release]:
    """A release behind a load balancer, with the default NetworkPolicy."""
    release = Release(namespace)
    release.install(
        {
            "preStopSeconds": 1,
            "apiKeys": {"enabled": True, "keys": {"alice": KEY}},
            "service": {
                "type": "LoadBalancer",
                "annotations": ANNOTATIONS,
                "loadBalancerSourceRanges": EVERYWHERE,
            },
        }
    )
    yield release
    release.helm("uninstall", release.name, "--wait")


@pytest.fixture
def address(balanced: Release) -> str:
    """The load balancer's."""
    return balanced.address("service")


def test_its_address_answers_with_a_key(
    balanced: Release, address: str, outside: Callable[..., Client]
) -> None:
    client = outside(f"http://{address}", address, key=KEY)
    wait_for("an answer", 60, lambda: client.get("/readyz").is_success)
    assert client.faq().json()["matches"][0]["id"] == "deep-clone-object"
    assert client.classify().json()["predictions"][0]["label"] == "daisy"
    assert outside(f"http://{address}", address).faq().status_code == 401
    assert outside(f"http://{address}", address, key="wrong").classify().status_code == 401
    balanced.get("networkpolicy", balanced.name)


def test_metrics_are_not_there(address: str, outside: Callable[..., Client]) -> None:
    client = outside(f"http://{address}", address, key=KEY)
    wait_for("an answer", 60, lambda: client.get("/readyz").is_success)
    assert client.get("/metrics").status_code == 404
    with pytest.raises(OSError, match=r"refused|timed out|unreachable"):
        socket.create_connection((address, 9090), timeout=3)


def test_annotations_and_source_ranges_are_passed_on(balanced: Release) -> None:
    service = balanced.get("service", balanced.name)
    assert ANNOTATIONS.items() <= service["metadata"]["annotations"].items()
    assert service["spec"]["loadBalancerSourceRanges"] == EVERYWHERE
