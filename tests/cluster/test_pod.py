"""The pod itself: how it is confined, what its environment holds, and how it ends."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster.kube import CommandError, wait_for
from tests.cluster.pods import python, run_pod, terminated
from tests.cluster.release import Release
from tests.cluster.web import Client

LARGE = 12 * 2**20  # bytes of a file in a form; a read-only root gives it no room but /tmp
FINALIZER = "example.com/tests"
# Prints every folder in which a file can be made, but for the kernel's own.
WRITABLE = """
import os, tempfile
assert os.statvfs("/").f_flag & os.ST_RDONLY
for folder, inner, _ in os.walk("/"):
    if folder == "/":
        inner[:] = set(inner) - {"proc", "sys", "dev"}
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        continue
    print(folder)
"""
SERVICE_LINKS = """
import os
print(*(name for name, value in os.environ.items() if name.startswith("RTSCORE_SERVICE_")
    or name.startswith("RTSCORE_PORT") and value.startswith("tcp://")))
"""
ASK = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).status)"


@pytest.fixture(scope="module")
def release(namespace: str, host: str) -> Iterator[Release]:
    """A release named rtscore; so is its Service."""
    one = Release(namespace, "rtscore")
    one.install(
        {
            "preStopSeconds": 1,
            "allowAnonymous": True,
            "ingress": {"enabled": True, "host": host},
        }
    )
    yield one
    one.helm("uninstall", one.name, "--wait")


@pytest.fixture
def pod(release: Release) -> str:
    """Name of its pod."""
    release.wait_for_ready(1)
    return release.pod_names()[0]


def test_it_runs_where_only_restricted_pods_are_admitted(release: Release, pod: str) -> None:
    """The namespace refuses any other; its pod, listed by the fixture, was not."""
    other = ("run", "other", "--image=none", "--dry-run=server")
    with pytest.raises(CommandError, match='violates PodSecurity "restricted'):
        release.kubectl(*other)


def test_a_large_form_passes_and_tmp_alone_is_writable(
    release: Release, host: str, pod: str, flower: Path, outside: Callable[..., Client]
) -> None:
    client = outside(f"http://{host}", release.address())
    wait_for("an answer", 30, lambda: client.get("/readyz").is_success)
    picture = flower.read_bytes()
    upload = {"image": ("daisy.jpg", picture + bytes(LARGE - len(picture)), "image/jpeg")}
    answer = client.request("POST", "/v1/classify", files=upload).raise_for_status()
    assert answer.json()["predictions"][0]["label"] == "daisy"
    assert python(release.namespace, pod, WRITABLE).split() == ["/tmp"]


def test_no_service_sets_the_servers_environment(release: Release, pod: str) -> None:
    assert not python(release.namespace, pod, SERVICE_LINKS).split()


def test_the_server_ignores_what_a_service_sets(release: Release, pod: str) -> None:
    """A pod of the image that is no part of the release, with the links that are the default."""
    container = {
        "name": "main",
        "image": os.environ["IMAGE"],
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": 8000}, "periodSeconds": 1},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    run_pod(release.namespace, "linked", container, enableServiceLinks=True)
    links = python(release.namespace, "linked", SERVICE_LINKS).split()
    assert {"RTSCORE_PORT", "RTSCORE_SERVICE_HOST", "RTSCORE_PORT_80_TCP"} <= set(links)
    assert python(release.namespace, "linked", ASK, "http://127.0.0.1:8000/readyz").strip() == "200"


def test_a_pod_that_is_deleted_drains_and_ends_well(release: Release, pod: str) -> None:
    keep = f'{{"metadata": {{"finalizers": ["{FINALIZER}"]}}}}'
    release.kubectl("patch", "pod", pod, "--type=merge", "--patch", keep)
    with subprocess.Popen(
        ["kubectl", "-n", release.namespace, "logs", "--follow", pod],
        stdout=subprocess.PIPE,
        text=True,
    ) as log:
        release.kubectl("delete", "pod", pod, "--wait=false")
        try:
            end = wait_for("its end", 60, lambda: terminated(release.get("pod", pod)))
        finally:
            release.kubectl(
                "patch", "pod", pod, "--type=merge", "--patch", keep.replace(f'"{FINALIZER}"', "")
            )
        written, _ = log.communicate(timeout=30)
    assert (end["exitCode"], end["reason"]) == (0, "Completed")
    assert '"message":"draining","signal":"SIGTERM"' in written
