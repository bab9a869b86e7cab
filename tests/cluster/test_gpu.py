"""GPU values: where pods land, how many GPUs they get, what `device` does without a real one.

The CPU image serves here: nodes must offer GPUs, but nothing need be behind the offer.
"""

from collections.abc import Callable, Iterator

import pytest

from tests.cluster.kube import Object, gpu_nodes, lacking, nodes, wait_for
from tests.cluster.pods import failing_pod, terminated
from tests.cluster.release import CHART, Release, merged
from tests.cluster.web import Client

GPU = "nvidia.com/gpu"
# AKS's label of GPU nodes, which the values select, and that of GPU feature discovery.
AKS_LABEL, DISCOVERED_LABEL = "kubernetes.azure.com/accelerator", f"{GPU}.present"


@pytest.fixture(scope="module")
def gpus() -> int:
    """How many GPUs the cluster offers in all."""
    count = sum(int(node["status"]["allocatable"].get(GPU, 0)) for node in nodes())
    return count or lacking(f"no node that offers {GPU}")


@pytest.fixture(scope="module")
def release(namespace: str, host: str, gpus: int) -> Iterator[Release]:
    """A pod for each GPU, which takes what it finds."""
    selector: Object = {}
    if not nodes(AKS_LABEL):
        selector = {AKS_LABEL: None, DISCOVERED_LABEL: "true"}
        nodes(DISCOVERED_LABEL) or lacking(f"no label {AKS_LABEL} or {DISCOVERED_LABEL} on nodes")
    one = Release(namespace)
    one.values = {
        "replicaCount": gpus,
        "device": "auto",
        "preStopSeconds": 1,
        "gpu": {"nodeSelector": selector},
        "allowAnonymous": True,
        "ingress": {"enabled": True, "host": host},
    }
    _change(one, {})
    yield one
    one.helm("uninstall", one.name, "--wait")


def _change(release: Release, changes: Object, *, wait: bool = True) -> None:
    """Upgrade with the file of GPU values; later changes start from the same values again."""
    values = release.values
    release.install(merged(values, changes), CHART / "values-gpu.yaml", wait=wait)
    release.values = values


def test_each_pod_gets_one_gpu_on_a_gpu_node(release: Release, gpus: int) -> None:
    pods = release.wait_for_ready(gpus)
    assert {pod["spec"]["nodeName"] for pod in pods} <= set(gpu_nodes())
    for pod in pods:
        resources = pod["spec"]["containers"][0]["resources"]
        assert resources["limits"][GPU] == resources["requests"][GPU] == "1"


def test_auto_serves_on_the_cpu_and_says_so(
    release: Release, host: str, outside: Callable[..., Client]
) -> None:
    client = outside(f"http://{host}", release.address())
    wait_for("an answer", 30, lambda: client.get("/readyz").is_success)
    models = client.get("/v1/models").json()["models"]
    assert {model["name"]: model["device"] for model in models} == {"faq": "cpu", "image": "cpu"}
    assert client.classify().json()["predictions"][0]["label"] == "daisy"
    assert '"device":"cpu"' in release.logs(release.pod_names()[0])


def test_an_upgrade_needs_no_spare_gpu(release: Release, gpus: int) -> None:
    before = release.pod_names()
    _change(release, {"settings": {"timeoutMs": 9000}})
    # With maxUnavailable 1, helm does not wait for the only pod.
    release.kubectl("rollout", "status", f"deployment/{release.name}", "--timeout=90s")
    after = [pod["metadata"]["name"] for pod in release.wait_for_ready(gpus)]
    assert not set(before) & set(after)


def test_a_pod_without_a_gpu_waits(release: Release, gpus: int) -> None:
    _change(release, {"replicaCount": gpus + 1}, wait=False)
    message = wait_for("a pod that waits", 30, lambda: _unschedulable(release))
    assert f"Insufficient {GPU}" in message
    assert len(release.ready_pods()) == gpus


def _unschedulable(release: Release) -> str:
    """Why a pod of the release finds no node."""
    for pod in release.pods():
        for condition in pod["status"].get("conditions", []):
            if condition.get("reason") == "Unschedulable":
                return str(condition["message"])
    return ""


def test_cuda_refuses_to_start_without_a_gpu(release: Release) -> None:
    _change(release, {"device": "cuda", "replicaCount": 1}, wait=False)
    pod, log = failing_pod(release)
    assert terminated(pod)["exitCode"] == 3
    assert pod["spec"]["nodeName"] in gpu_nodes()
    assert "device 'cuda' was asked for, but ONNX Runtime could not use CUDA here" in log
