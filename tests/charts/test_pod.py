"""The pods: what they may do, how they start and stop, where their files lie."""

import pytest

from tests.charts.chart import (
    Object,
    container_of,
    each_case,
    env_of,
    one,
    pod_of,
    render,
    render_case,
)

VOLUMES = {"configMap", "emptyDir", "persistentVolumeClaim", "secret"}


def pods(case: str) -> list[Object]:
    """The specs of the server's pods and of the test's."""
    objects = render_case(case)
    return [pod_of(objects)["spec"], one(objects, "Pod")["spec"]]


def containers(spec: Object) -> list[Object]:
    return [*spec["containers"], *spec.get("initContainers", [])]


@each_case
def test_pods_pass_the_restricted_standard(case: str) -> None:
    for spec in pods(case):
        assert not {"hostNetwork", "hostPID", "hostIPC", "hostUsers"} & set(spec)
        context = spec["securityContext"]
        assert context["runAsNonRoot"] is True
        assert context["runAsUser"] > 0
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in containers(spec):
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert not {"privileged", "procMount", "runAsUser", "seccompProfile"} & set(context)
            assert not [port for port in container.get("ports", []) if "hostPort" in port]
        for volume in spec.get("volumes", []):
            (kind,) = set(volume) - {"name"}
            assert kind in VOLUMES


@each_case
def test_the_root_is_read_only_and_tmp_is_not(case: str) -> None:
    server, test = pods(case)
    for container in [*containers(server), *containers(test)]:
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert {"name": "tmp", "emptyDir": {}} in server["volumes"]
    for container in containers(server):
        assert {"name": "tmp", "mountPath": "/tmp"} in container["volumeMounts"]


@each_case
def test_pods_have_no_token_and_no_service_links(case: str) -> None:
    for spec in pods(case):
        assert spec["automountServiceAccountToken"] is False
        assert spec["enableServiceLinks"] is False
    account = one(render_case(case), "ServiceAccount")
    assert account["automountServiceAccountToken"] is False
    assert pods(case)[0]["serviceAccountName"] == account["metadata"]["name"]


def test_a_service_account_of_ones_own() -> None:
    named = render({"serviceAccount": {"create": False, "name": "mine"}})
    assert pod_of(named)["spec"]["serviceAccountName"] == "mine"
    assert not [item for item in named if item["kind"] == "ServiceAccount"]
    default = render({"serviceAccount": {"create": False}})
    assert pod_of(default)["spec"]["serviceAccountName"] == "default"


@each_case
def test_every_container_has_requests_and_limits(case: str) -> None:
    for spec in pods(case):
        for container in containers(spec):
            for part in ("requests", "limits"):
                amounts = container["resources"][part]
                assert {"cpu", "memory", "ephemeral-storage"} <= set(amounts)


@pytest.mark.parametrize(("pre_stop", "drain"), [(None, None), (0, 0), (30, 600)])
def test_the_grace_period_covers_pre_stop_and_drain(
    pre_stop: int | None, drain: int | None
) -> None:
    given = {"preStopSeconds": pre_stop, "drainSeconds": drain}
    objects = render({name: value for name, value in given.items() if value is not None})
    (sleep, seconds) = container_of(objects)["lifecycle"]["preStop"]["exec"]["command"]
    assert sleep == "sleep"
    drained = float(env_of(objects)["RTSCORE_DRAIN_SECONDS"])
    assert (seconds, drained) == (str(5 if pre_stop is None else pre_stop), drain or drained)
    assert pod_of(objects)["spec"]["terminationGracePeriodSeconds"] == int(seconds) + drained + 5


@each_case
def test_probes_ask_the_main_port(case: str) -> None:
    container = container_of(render_case(case))
    asked = {
        name: container[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")
    }
    assert asked == {
        "startup": {"path": "/readyz", "port": "http"},
        "liveness": {"path": "/healthz", "port": "http"},
        "readiness": {"path": "/readyz", "port": "http"},
    }
    assert {port["name"]: port["containerPort"] for port in container["ports"]} == {
        "http": 8000,
        "metrics": 9090,
    }


def test_a_pod_leaves_the_balancer_before_it_is_restarted() -> None:
    container = container_of(render())
    ready, live = (
        probe["periodSeconds"] * probe["failureThreshold"]
        for probe in (container["readinessProbe"], container["livenessProbe"])
    )
    assert ready < live


def test_probes_have_other_times_where_asked() -> None:
    objects = render({"probes": {"liveness": {"periodSeconds": 33}}})
    assert container_of(objects)["livenessProbe"]["periodSeconds"] == 33
    assert container_of(objects)["livenessProbe"]["httpGet"]["path"] == "/healthz"


def test_images_by_tag_by_digest_and_by_version() -> None:
    def image(**values: object) -> object:
        objects = render({"image": values})
        assert (
            one(objects, "Pod")["spec"]["containers"][0]["image"]
            == (container_of(objects)["image"])
        )
        return container_of(objects)["image"]

    assert str(image()).startswith("rtscore:")
    assert str(image()).endswith("-cpu")
    assert image(registry="r.example.com", tag="7") == "r.example.com/rtscore:7"
    digest = "sha256:" + "a" * 64
    assert image(digest=digest, tag="7", repository="x") == f"x@{digest}"


def test_pull_secrets_are_used_by_both_pods() -> None:
    for spec in pods("everything"):
        assert spec["imagePullSecrets"] == [{"name": "pull"}]
