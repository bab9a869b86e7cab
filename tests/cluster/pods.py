"""Pods beside a release: callers inside the cluster, and Python inside any pod of the image."""

import os
from collections.abc import Sequence
from typing import Any

from tests.cluster.kube import Object, apply, get, kubectl, wait_for
from tests.cluster.release import Release, condition

PORT = 8080  # of a helper pod's file server
_PYTHON = "/opt/rtscore/bin/python"

_CONNECT = """
import socket, sys
addresses = socket.getaddrinfo(sys.argv[1], int(sys.argv[2]), type=socket.SOCK_STREAM)
try:
    socket.create_connection(addresses[0][4], timeout=3).close()
except OSError as error:
    print(error)
else:
    print("open")
"""


def python(namespace: str, pod: str, code: str, *arguments: str, stdin: str | None = None) -> str:
    """What `code` prints, run in the pod's first container."""
    keep = () if stdin is None else ("-i",)
    return kubectl(
        "-n", namespace, "exec", *keep, pod, "--", _PYTHON, "-c", code, *arguments, stdin=stdin
    )


def reaches(namespace: str, pod: str, host: str, port: int) -> bool:
    """Whether the pod can open a TCP connection; a name that DNS does not know is an error."""
    return python(namespace, pod, _CONNECT, host, str(port)).strip() == "open"


def helper(
    namespace: str,
    name: str,
    *,
    folder: str = "/tmp",
    volumes: Sequence[Object] = (),
) -> Object:
    """A running pod of the image that serves the files in `folder` on PORT, and nothing else.

    Each of `volumes` is mounted under /NAME.
    """
    container = {
        "name": "main",
        "image": os.environ["IMAGE"],
        "command": [_PYTHON, "-m", "http.server", str(PORT), "--directory", folder],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [{"name": one["name"], "mountPath": f"/{one['name']}"} for one in volumes],
    }
    return run_pod(namespace, name, container, volumes=list(volumes))


def run_pod(namespace: str, name: str, container: Object, **spec: Any) -> Object:
    """A pod with one container, once it is ready."""
    user = {"runAsNonRoot": True, "runAsUser": 10001, "fsGroup": 10001}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 1,
            "securityContext": user | {"seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [container],
            **spec,
        },
    }
    apply(pod, namespace=namespace)

    def ready() -> Object | None:
        found = get("-n", namespace, "pod", name)
        return found if condition(found, "Ready") == "True" else None

    return wait_for(f"the pod {name}", 60, ready)


def terminated(pod: Object) -> Object:
    """How the first container ended last: exitCode, reason ...; empty where it has not."""
    status = pod["status"].get("containerStatuses", [{}])[0]
    for state in (status.get("state", {}), status.get("lastState", {})):
        if "terminated" in state:
            return dict(state["terminated"])
    return {}


def waiting_reason(pod: Object) -> str:
    """Why the first container does not run, such as ImagePullBackOff; empty where it does."""
    status = pod["status"].get("containerStatuses", [{}])[0]
    return str(status.get("state", {}).get("waiting", {}).get("reason", ""))


def failing_pod(release: Release, seconds: float = 60) -> tuple[Object, str]:
    """A pod of the release whose server ends at every start, and its last log."""

    def look() -> Object | None:
        pods = [pod for pod in release.pods() if waiting_reason(pod) == "CrashLoopBackOff"]
        return pods[0] if pods else None

    pod = wait_for("a pod that fails again and again", seconds, look)
    return pod, release.logs(pod["metadata"]["name"], "--previous")
