"""kubectl and helm, on the cluster that KUBECONFIG names."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import httpx
import pytest

Object = dict[str, Any]
T = TypeVar("T")
HELM = Path(sys.executable).parent / "helm"  # from the package helm-binary


class CommandError(Exception):
    """A command failed; the message is what it wrote."""


def run(*command: str | Path, stdin: str | None = None) -> str:
    """What `command` writes to stdout; raises CommandError with all of it where it fails."""
    done = subprocess.run(
        [str(part) for part in command], input=stdin, capture_output=True, text=True, check=False
    )
    if done.returncode:
        words = " ".join(map(str, command))
        raise CommandError(f"{words}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def kubectl(*arguments: str, stdin: str | None = None) -> str:
    """Run kubectl."""
    return run("kubectl", *arguments, stdin=stdin)


def apply(*objects: Object, namespace: str | None = None) -> None:
    """Make or change `objects`."""
    where = ("-n", namespace) if namespace else ()
    kubectl("apply", *where, "-f", "-", stdin="\n---\n".join(map(json.dumps, objects)))


def get(*arguments: str) -> Object:
    """What `kubectl get` says of one object or a list."""
    answer: Object = json.loads(kubectl("get", *arguments, "-o", "json"))
    return answer


def wait_for(what: str, seconds: float, look: Callable[[], T | None], pause: float = 0.5) -> T:
    """What `look` returns, once it is true; fails after `seconds` with what was seen last."""
    end = time.monotonic() + seconds
    seen: object
    while True:
        try:
            found = seen = look()
        except (CommandError, httpx.HTTPError) as error:
            found, seen = None, error
        if found:
            return found
        if time.monotonic() > end:
            pytest.fail(f"{what}: not within {seconds:g} s; seen last: {seen!r}")
        time.sleep(pause)


def lacking(what: str) -> NoReturn:
    """Skip for want of `what`, or fail where TEST_NO_SKIP says that the cluster has everything."""
    if os.environ.get("TEST_NO_SKIP"):
        pytest.fail(f"missing: {what}")
    pytest.skip(what)


def has_api(resource: str) -> bool:
    """Whether the cluster knows objects such as `scaledobjects.keda.sh`."""
    name, _, group = resource.partition(".")
    known = kubectl("api-resources", f"--api-group={group}", "-o", "name").split()
    return f"{name}.{group}" in known


def nodes(label: str = "") -> list[Object]:
    """Nodes that take pods, all or those with `label`."""
    found: list[Object] = get("nodes", *(("-l", label) if label else ()))["items"]
    return [node for node in found if not node["spec"].get("unschedulable")]


def gpu_nodes() -> list[str]:
    """Names of the nodes that offer GPUs."""
    return [_name(node) for node in nodes() if _gpus(node)]


def plain_nodes() -> list[str]:
    """Names of the nodes without GPUs that take any pod."""
    return [_name(node) for node in nodes() if not _gpus(node) and not _tainted(node)]


def _name(node: Object) -> str:
    return str(node["metadata"]["name"])


def _tainted(node: Object) -> bool:
    return any(taint["effect"] != "PreferNoSchedule" for taint in node["spec"].get("taints", []))


def _gpus(node: Mapping[str, Any]) -> int:
    return int(node["status"]["allocatable"].get("nvidia.com/gpu", 0))
