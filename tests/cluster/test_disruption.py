"""Whatever Kubernetes does to the pods on purpose, no request fails."""

from collections.abc import Callable, Iterator

import pytest

from tests.cluster.kube import kubectl, lacking, plain_nodes, wait_for
from tests.cluster.load import BOTH_ANSWERED, Load
from tests.cluster.release import Release

KEY = "correct-horse-battery"
RATE = "10"


@pytest.fixture(scope="module")
def spread(namespace: str, host: str, tls_secret: str) -> Iterator[Release]:
    """Two replicas on two nodes behind an ingress with TLS."""
    if len(plain_nodes()) < 2:
        lacking("no second node")
    release = Release(namespace)
    tls = {"enabled": True, "secretName": tls_secret}
    release.install(
        {
            "replicaCount": 2,
            "apiKeys": {"enabled": True, "keys": {"alice": KEY}},
            "ingress": {"enabled": True, "host": host, "tls": tls},
        }
    )
    pods = release.wait_for_ready(2)
    assert len({pod["spec"]["nodeName"] for pod in pods}) == 2
    yield release
    release.helm("uninstall", release.name, "--wait")


def _rolling_update(release: Release) -> None:
    before = release.pod_names()
    release.upgrade({"settings": {"timeoutMs": 9000}})
    assert not set(before) & set(release.pod_names())


def _pod_deletion(release: Release) -> None:
    victim = release.pod_names()[0]
    release.kubectl("delete", "pod", victim, "--wait=true")
    assert victim not in release.pod_names()


def _scale_in(release: Release) -> None:
    release.kubectl("scale", f"deployment/{release.name}", "--replicas=1")
    release.wait_for_ready(1)
    wait_for("the end of the other", 60, lambda: len(_all_pods(release)) == 1)
    release.kubectl("scale", f"deployment/{release.name}", "--replicas=2")


def _drains(release: Release) -> None:
    """One node after the other; for the second, the budget must hold one of two pods back."""
    for _ in range(2):
        node = release.pods()[0]["spec"]["nodeName"]
        _drain(release, node)
        release.wait_for_ready(2)
        assert node not in {pod["spec"]["nodeName"] for pod in release.pods()}


def _drain(release: Release, node: str) -> None:
    try:
        kubectl(
            "drain", node, f"--pod-selector={release.selector}", "--ignore-daemonsets",
            "--delete-emptydir-data", "--timeout=90s",
        )  # fmt: skip
    finally:
        kubectl("uncordon", node)


def _all_pods(release: Release) -> list[object]:
    items: list[object] = release.get("pods", "-l", release.selector)["items"]
    return items


@pytest.mark.parametrize("disrupt", [_rolling_update, _pod_deletion, _scale_in, _drains])
def test_no_request_fails(
    spread: Release, host: str, load: Callable[..., Load], disrupt: Callable[[Release], None]
) -> None:
    running = load(f"https://{host}", spread.address(), "--rate", RATE, key=KEY)
    disrupt(spread)
    spread.wait_for_ready(2)
    outcomes = running.stop()
    assert set(outcomes) == BOTH_ANSWERED, outcomes


def test_a_lone_pod_does_not_block_a_drain(spread: Release) -> None:
    spread.upgrade({"replicaCount": 1})
    (pod,) = spread.wait_for_ready(1)
    assert spread.get("poddisruptionbudget", spread.name)["status"]["disruptionsAllowed"] == 1
    _drain(spread, pod["spec"]["nodeName"])
    assert pod["metadata"]["name"] not in spread.pod_names()
    spread.wait_for_ready(1)
