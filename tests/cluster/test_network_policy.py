"""Who reaches the pods under the default NetworkPolicy, and what they reach themselves."""

from collections.abc import Callable, Iterator

import pytest

from tests.cluster.kube import Object, get, kubectl, lacking, nodes, wait_for
from tests.cluster.pods import PORT, helper, python, reaches
from tests.cluster.release import Release, new_namespace
from tests.cluster.web import Client

API, METRICS = 8000, 9090
SETTLE_SECONDS = 30  # policies take a moment to know a new pod's address
LOOK_UP = "import socket; print(socket.gethostbyname('kubernetes.default.svc'))"


@pytest.fixture(scope="module")
def stranger() -> Iterator[str]:
    """A namespace of which the release knows nothing, with a pod `caller`."""
    yield from _namespace("rts-stranger")


@pytest.fixture(scope="module")
def watcher() -> Iterator[str]:
    """A namespace that may read the metrics, with a pod `caller`."""
    yield from _namespace("rts-watcher")


def _namespace(prefix: str) -> Iterator[str]:
    name = new_namespace(prefix)
    helper(name, "caller")
    yield name
    kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture(scope="module")
def friend(namespace: str) -> str:
    """Address of a pod `caller` in the release's own namespace, which answers at PORT."""
    return str(helper(namespace, "caller")["status"]["podIP"])


@pytest.fixture(scope="module")
def api_hosts() -> set[str]:
    """Addresses at which the API server listens itself."""
    listed = kubectl(
        "-n", "default", "get", "endpointslices", "-l", "kubernetes.io/service-name=kubernetes",
        "-o", "jsonpath={.items[*].endpoints[*].addresses[*]}",
    )  # fmt: skip
    return set(listed.split())


@pytest.fixture(scope="module")
def release(namespace: str, host: str, watcher: str, api_hosts: set[str]) -> Iterator[Release]:
    """A release that an ingress may call and one more namespace may watch."""
    one = Release(namespace)
    one.install(
        {
            "preStopSeconds": 1,
            "allowAnonymous": True,
            "ingress": {"enabled": True, "host": host},
            "networkPolicy": {"metricsNamespaces": [watcher]},
            "affinity": _away_from(api_hosts),
        }
    )
    yield one
    one.helm("uninstall", one.name, "--wait")


def _away_from(hosts: set[str]) -> Object:
    """Affinity to nodes other than those with such an address, where there are others."""
    names = [
        node["metadata"]["name"]
        for node in nodes()
        if hosts & {one["address"] for one in node["status"]["addresses"]}
    ]
    others = {"key": "kubernetes.io/hostname", "operator": "NotIn", "values": [*names, "none"]}
    term = {"weight": 100, "preference": {"matchExpressions": [others]}}
    return {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [term]}}


@pytest.fixture
def pod(release: Release) -> Object:
    """The release's pod."""
    return release.wait_for_ready(1)[0]


def _opens(namespace: str, host: str, port: int) -> None:
    what = f"a way from {namespace} to {host}:{port}"
    wait_for(what, SETTLE_SECONDS, lambda: reaches(namespace, "caller", host, port))


def _closed(namespace: str, host: str, port: int, pod: str = "caller") -> None:
    what = f"no way from {namespace} to {host}:{port}"
    wait_for(what, SETTLE_SECONDS, lambda: not reaches(namespace, pod, host, port))


def test_its_own_namespace_may_call_it(release: Release, friend: str, pod: Object) -> None:
    _opens(release.namespace, release.name, 80)
    _opens(release.namespace, pod["status"]["podIP"], API)
    _closed(release.namespace, pod["status"]["podIP"], METRICS)


def test_an_ingress_may_call_it(
    release: Release, host: str, outside: Callable[..., Client]
) -> None:
    client = outside(f"http://{host}", release.address())
    wait_for("an answer", SETTLE_SECONDS, lambda: client.faq().is_success)


def test_another_namespace_may_not(
    release: Release, stranger: str, friend: str, pod: Object
) -> None:
    _opens(stranger, friend, PORT)  # so it is not for want of a network
    _closed(stranger, f"{release.name}.{release.namespace}.svc", 80)
    _closed(stranger, pod["status"]["podIP"], API)
    _closed(stranger, pod["status"]["podIP"], METRICS)
    _closed(stranger, f"{release.name}-metrics.{release.namespace}.svc", METRICS)


def test_who_watches_reads_the_metrics_alone(release: Release, watcher: str, pod: Object) -> None:
    _opens(watcher, pod["status"]["podIP"], METRICS)
    _closed(watcher, pod["status"]["podIP"], API)


def test_the_pod_reaches_nothing_but_what_is_told(
    release: Release, friend: str, pod: Object, stranger: str
) -> None:
    name, namespace = pod["metadata"]["name"], release.namespace
    _opens(stranger, friend, PORT)
    _closed(namespace, friend, PORT, pod=name)

    egress = {
        "ports": [{"port": PORT}],
        "to": [{"podSelector": {"matchLabels": {"app": "caller"}}}],
    }
    release.upgrade({"networkPolicy": {"extraEgress": [egress]}})
    assert release.pod_names() == [name], "a policy needs no new pods"
    wait_for("a way out", SETTLE_SECONDS, lambda: reaches(namespace, name, friend, PORT))


def test_the_pod_asks_dns_but_not_the_api_server(
    release: Release, stranger: str, pod: Object, api_hosts: set[str]
) -> None:
    name, namespace = pod["metadata"]["name"], release.namespace
    service = get("-n", "default", "service", "kubernetes")["spec"]["clusterIP"]
    assert python(namespace, name, LOOK_UP).strip() == service
    if pod["status"]["hostIP"] in api_hosts:
        lacking("no node but the API server's, and a policy leaves a pod's own node open to it")
    _opens(stranger, service, 443)
    _closed(namespace, service, 443, pod=name)
