"""Number of pods, their place, their replacement and their GPUs."""

import re

import pytest

from tests.charts.chart import (
    NAME,
    NAMESPACE,
    all_of,
    container_of,
    each_case,
    one,
    pod_of,
    render,
    render_case,
)

AKS_TAINT = {"key": "sku", "operator": "Equal", "value": "gpu", "effect": "NoSchedule"}


@each_case
def test_one_autoscaler_at_most_and_no_replicas_under_it(case: str) -> None:
    objects = render_case(case)
    scalers = all_of(objects, "HorizontalPodAutoscaler") + all_of(objects, "ScaledObject")
    assert len(scalers) <= 1
    assert ("replicas" in one(objects, "Deployment")["spec"]) == (not scalers)


@pytest.mark.parametrize("count", [0, 1, 7])
def test_replicas_without_an_autoscaler(count: int) -> None:
    assert one(render({"replicaCount": count}), "Deployment")["spec"]["replicas"] == count


def test_the_hpa_holds_the_cpu_of_this_deployment() -> None:
    hpa = one(render_case("hpa"), "HorizontalPodAutoscaler")
    assert hpa["apiVersion"] == "autoscaling/v2"
    spec = hpa["spec"]
    assert spec["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": NAME}
    assert (spec["minReplicas"], spec["maxReplicas"]) == (2, 6)
    assert spec["behavior"] == {"scaleDown": {"stabilizationWindowSeconds": 60}}
    (metric,) = spec["metrics"]
    assert metric["resource"] == {
        "name": "cpu",
        "target": {"type": "Utilization", "averageUtilization": 75},
    }


@pytest.mark.parametrize("case", ["keda", "gpu"])
def test_keda_scales_on_the_busy_ratio_and_the_queue(case: str) -> None:
    objects = render_case(case)
    spec = one(objects, "ScaledObject")["spec"]
    assert spec["scaleTargetRef"] == {"name": one(objects, "Deployment")["metadata"]["name"]}
    thresholds = {}
    for trigger in spec["triggers"]:
        metadata = trigger["metadata"]
        assert trigger["type"] == "prometheus"
        assert metadata["serverAddress"] == "http://prometheus-operated.monitoring:9090"
        assert metadata["ignoreNullValues"] == "false"
        (series,) = re.findall(r"^max\(sum by \(model\) \((\w+)\{", metadata["query"])
        assert f'{{namespace="{NAMESPACE}",job="{NAME}-metrics"}}' in metadata["query"]
        thresholds[series] = metadata["threshold"]
    assert thresholds == {"rtscore_busy_ratio": "0.7", "rtscore_queue_rows": "16"}


def test_keda_is_given_what_it_needs_to_ask_prometheus() -> None:
    triggers = one(render_case("keda"), "ScaledObject")["spec"]["triggers"]
    assert [item["authenticationRef"] for item in triggers] == [{"name": "prometheus"}] * 2


def test_keda_takes_the_behavior_of_an_hpa() -> None:
    advanced = one(render_case("gpu"), "ScaledObject")["spec"]["advanced"]
    behavior = advanced["horizontalPodAutoscalerConfig"]["behavior"]
    assert behavior["scaleDown"]["stabilizationWindowSeconds"] == 600


@pytest.mark.parametrize("case", ["gpu", "values-gpu", "example-images"])
def test_gpu_values_put_one_gpu_on_a_pod_of_the_gpu_nodes(case: str) -> None:
    objects = render_case(case)
    spec, container = pod_of(objects)["spec"], container_of(objects)
    assert container["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert container["image"].endswith("-gpu")
    assert {"name": "RTSCORE_DEVICE", "value": "cuda"} in container["env"]
    assert spec["nodeSelector"] == {"kubernetes.azure.com/accelerator": "nvidia"}
    assert AKS_TAINT in spec["tolerations"]
    assert one(objects, "Deployment")["spec"]["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1},
    }
    startup = container["startupProbe"]
    assert startup["periodSeconds"] * startup["failureThreshold"] >= 600


def test_the_test_pod_finds_a_gpu_node_but_takes_no_gpu() -> None:
    spec = one(render_case("gpu"), "Pod")["spec"]
    assert spec["nodeSelector"] == {"kubernetes.azure.com/accelerator": "nvidia"}
    assert AKS_TAINT in spec["tolerations"]
    assert "nvidia.com/gpu" not in spec["containers"][0]["resources"]["limits"]


def test_a_runtime_class_goes_with_a_gpu() -> None:
    assert pod_of(render_case("gpu"))["spec"]["runtimeClassName"] == "nvidia"
    assert "runtimeClassName" not in pod_of(render({"gpu": {"runtimeClassName": "x"}}))["spec"]


def test_no_gpu_by_default() -> None:
    spec, container = pod_of(render())["spec"], container_of(render())
    assert not {"nodeSelector", "tolerations", "runtimeClassName"} & set(spec)
    assert "nvidia.com/gpu" not in container["resources"]["limits"]
    assert one(render(), "Deployment")["spec"]["strategy"]["rollingUpdate"] == {
        "maxSurge": 1,
        "maxUnavailable": 0,
    }


def test_pods_can_all_be_replaced_at_once() -> None:
    objects = render({"updateStrategy": {"type": "Recreate"}})
    assert one(objects, "Deployment")["spec"]["strategy"] == {"type": "Recreate"}


def test_gpu_nodes_and_other_nodes_are_joined() -> None:
    values = {
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"key": "spot", "operator": "Exists"}],
        "gpu": {"count": 2, "resource": "nvidia.com/mig-1g.10gb"},
    }
    spec = pod_of(render(values, ("values-gpu.yaml",)))["spec"]
    assert spec["nodeSelector"] == {"kubernetes.azure.com/accelerator": "nvidia", "disk": "ssd"}
    assert {item["key"] for item in spec["tolerations"]} == {"sku", "nvidia.com/gpu", "spot"}
    limits = spec["containers"][0]["resources"]["limits"]
    assert limits["nvidia.com/mig-1g.10gb"] == 2


def test_gpu_nodes_with_another_label() -> None:
    labels = {"kubernetes.azure.com/accelerator": None, "nvidia.com/gpu.present": "true"}
    spec = pod_of(render({"gpu": {"nodeSelector": labels}}, ("values-gpu.yaml",)))["spec"]
    assert spec["nodeSelector"] == {"nvidia.com/gpu.present": "true"}


NULLABLE = ("resources", "tolerations", "nodeSelector", "podLabels", "podAnnotations", "affinity")


@pytest.mark.parametrize("name", NULLABLE)
def test_null_takes_a_default_away(name: str) -> None:
    container = container_of(render({name: None}))
    assert container["name"] == "rtscore"
    assert container["resources"] or name == "resources"


def test_a_lone_pod_can_always_be_evicted() -> None:
    budget = one(render(), "PodDisruptionBudget")["spec"]
    assert budget["maxUnavailable"] == 1
    assert budget["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
    assert one(render_case("everything"), "PodDisruptionBudget")["spec"]["maxUnavailable"] == "25%"


def test_pods_spread_over_nodes_and_zones() -> None:
    """By a constraint and by affinity: constraints on both pass over nodes without a zone."""
    spec = pod_of(render())["spec"]
    (constraint,) = spec["topologySpreadConstraints"]
    assert constraint["topologyKey"] == "kubernetes.io/hostname"
    assert constraint["whenUnsatisfiable"] == "ScheduleAnyway"
    apart = spec["affinity"]["podAntiAffinity"]
    (preference,) = apart["preferredDuringSchedulingIgnoredDuringExecution"]
    assert preference["podAffinityTerm"]["topologyKey"] == "topology.kubernetes.io/zone"
