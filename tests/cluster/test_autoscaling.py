"""Pods follow the load, by CPU and by Prometheus; without an autoscaler, a person decides."""

from collections.abc import Callable

import pytest

from tests.cluster.kube import Object, has_api, lacking, wait_for
from tests.cluster.load import IMAGES_ANSWERED, Load
from tests.cluster.prometheus import SCRAPED_SECONDS, Prometheus
from tests.cluster.release import Release, condition, merged
from tests.cluster.web import Client

UP_SECONDS = 90
DOWN_SECONDS = 120
QUICK = {
    "scaleUp": {"stabilizationWindowSeconds": 0},
    "scaleDown": {"stabilizationWindowSeconds": 5},
}
UpAndDown = Callable[[Callable[[], None]], None]


@pytest.fixture
def up_and_down(
    release: Release, host: str, outside: Callable[..., Client], load: Callable[..., Load]
) -> UpAndDown:
    """Pictures make two pods of one, at which a function is called; without them one is left."""

    def run(meanwhile: Callable[[], None]) -> None:
        url, address = f"http://{host}", release.address()
        wait_for("an answer", 30, lambda: outside(url, address).classify().is_success)
        release.wait_for_ready(1)
        running = load(url, address, "--rate", "10", kinds=["images"])
        release.wait_for_ready(2, UP_SECONDS)
        meanwhile()
        assert set(running.stop()) == IMAGES_ANSWERED
        release.wait_for_ready(1, DOWN_SECONDS)

    return run


def _exposed(host: str, **autoscaling: object) -> Object:
    """Values with one pod, or one to two."""
    bounds = {"minReplicas": 1, "maxReplicas": 2, "behavior": QUICK}
    return {
        "allowAnonymous": True,
        "ingress": {"enabled": True, "host": host},
        "preStopSeconds": 2,
        "autoscaling": (bounds | autoscaling) if autoscaling else {},
    }


def test_pods_follow_the_cpu(release: Release, host: str, up_and_down: UpAndDown) -> None:
    if not has_api("pods.metrics.k8s.io"):
        lacking("no metrics-server")
    hpa = {"enabled": True, "type": "hpa", "targetCPUUtilizationPercentage": 50}
    release.install(_exposed(host, **hpa))

    def upgrade() -> None:
        """Of anything but pods; who sets the replicas anew changes the Deployment's generation."""
        before = _deployment(release)
        release.upgrade({"service": {"annotations": {"upgraded": "yes"}}})
        after = _deployment(release)
        assert release.get("service", release.name)["metadata"]["annotations"]["upgraded"]
        assert after["metadata"]["generation"] == before["metadata"]["generation"]
        assert after["spec"]["replicas"] == 2

    up_and_down(upgrade)


def test_pods_follow_the_busy_ratio(release: Release, host: str, up_and_down: UpAndDown) -> None:
    if not has_api("scaledobjects.keda.sh"):
        lacking("no KEDA")
    prometheus = Prometheus()
    keda = {"prometheusAddress": prometheus.address, "busyRatio": 0.05, "pollingInterval": 5}
    values = _exposed(host, enabled=True, type="keda", keda=keda)
    release.install(merged(prometheus.values(), values))
    name = release.name
    wait_for(
        "a ready ScaledObject",
        SCRAPED_SECONDS,
        lambda: condition(release.get("scaledobject", name), "Ready") == "True",
    )
    hpas = release.get("hpa")["items"]
    assert [hpa["metadata"]["name"] for hpa in hpas] == [f"keda-hpa-{name}"]

    def busy() -> None:
        query = f'max(rtscore_busy_ratio{{namespace="{release.namespace}",model="image"}})'
        ((_, ratio),) = prometheus.query(query)
        assert 0 < ratio <= 1

    up_and_down(busy)


def _deployment(release: Release) -> Object:
    return release.get("deployment", release.name)


def test_a_person_scales_where_autoscaling_is_off(release: Release, host: str) -> None:
    release.install(_exposed(host))
    for count in (2, 1):
        release.kubectl("scale", f"deployment/{release.name}", f"--replicas={count}")
        release.wait_for_ready(count)
    assert not release.get("hpa")["items"]
