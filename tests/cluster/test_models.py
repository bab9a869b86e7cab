"""Models of one's own: from a claim, from an image and from a URL."""

import base64
import hashlib
import os
from collections.abc import Callable, Iterator

import pytest

from tests import tiny
from tests.cluster.kube import Object, apply, get, kubectl, plain_nodes, wait_for
from tests.cluster.pods import PORT, helper, python
from tests.cluster.release import Release, condition
from tests.cluster.web import Client

DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
WRITE = """
import base64, pathlib, sys
file = pathlib.Path(sys.argv[1])
file.parent.mkdir()
file.write_bytes(base64.b64decode(sys.stdin.read()))
"""
REMOVE = "import shutil, sys; shutil.rmtree(sys.argv[1])"
OWN_MODEL = tiny.stamped(tiny.faq_graph(), tiny.faq_contract())
OWN_DIGEST = hashlib.sha256(OWN_MODEL).hexdigest()
DIGEST = """
import hashlib, sys
print(hashlib.file_digest(open(sys.argv[1], "rb"), "sha256").hexdigest())
"""


@pytest.fixture(scope="module")
def claim(namespace: str) -> Iterator[str]:
    """A claim for a volume: of the cluster's default class, or a node's folder if there is none."""
    classes = [one["metadata"].get("annotations", {}) for one in get("storageclass")["items"]]
    spec: Object = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    volume = "" if any(one.get(DEFAULT_CLASS) == "true" for one in classes) else namespace
    if volume:
        apply(_folder_of_a_node(volume))
        spec |= {"storageClassName": "", "volumeName": volume}
    kind = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "models"}}
    apply(kind | {"spec": spec}, namespace=namespace)
    yield "models"
    if volume:
        kubectl("delete", "persistentvolume", volume, "--wait=false")


def _folder_of_a_node(name: str) -> Object:
    """A volume in the one folder of a node that every user may write to."""
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": plain_nodes()[:1]}
    spec = {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "hostPath": {"path": "/tmp", "type": "Directory"},
        "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
    }
    kind = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}}
    return kind | {"spec": spec}


@pytest.fixture(scope="module")
def store(namespace: str, claim: str) -> Iterator[Object]:
    """A pod that has written the model to NAMESPACE/faq.onnx in the claim, and serves it."""
    volume = {"name": "store", "persistentVolumeClaim": {"claimName": claim}}
    folder = f"/store/{namespace}"
    pod = helper(namespace, "store", folder=folder, volumes=[volume])
    text = base64.b64encode(OWN_MODEL).decode()
    python(namespace, "store", WRITE, f"{folder}/faq.onnx", stdin=text)
    yield pod
    python(namespace, "store", REMOVE, folder)


@pytest.fixture(scope="module")
def release(namespace: str) -> Iterator[Release]:
    """A release; each test gives it a model."""
    one = Release(namespace)
    yield one
    one.helm("uninstall", one.name, "--wait")


@pytest.fixture
def client(release: Release, host: str, outside: Callable[..., Client]) -> Client:
    """Calls through the ingress."""
    return outside(f"http://{host}", release.address())


def _serve(release: Release, host: str, faq: Object, *, wait: bool = True) -> None:
    """Install or upgrade with a FAQ model alone."""
    release.install(
        {
            "preStopSeconds": 1,
            "allowAnonymous": True,
            "ingress": {"enabled": True, "host": host},
            "models": {"image": {"enabled": False}, "faq": faq},
            "networkPolicy": {"extraEgress": [{"ports": [{"port": PORT}]}]},
        },
        wait=wait,
    )


def _answers(client: Client, digest: str) -> bool:
    """Whether the model with this digest answers."""
    told = client.get("/v1/models/faq").raise_for_status().json()
    used = client.faq().raise_for_status().json()["model"]
    return bool(told["version"] == used["version"] == digest[:12])


def test_a_model_in_a_claim(
    release: Release, host: str, claim: str, store: Object, client: Client
) -> None:
    path = f"{release.namespace}/faq.onnx"
    _serve(release, host, {"existingClaim": claim, "path": path})
    wait_for("the claim's model", 30, lambda: _answers(client, OWN_DIGEST))
    assert client.classify().status_code == 404


def test_a_model_in_an_image(release: Release, host: str, store: Object, client: Client) -> None:
    path = "/models/faq.onnx"
    _serve(release, host, {"path": path, "copyFrom": {"image": os.environ["IMAGE"]}})
    copied = python(release.namespace, "store", DIGEST, path).strip()
    assert copied != OWN_DIGEST
    wait_for("the image's model", 30, lambda: _answers(client, copied))


def test_a_model_at_a_url(release: Release, host: str, store: Object, client: Client) -> None:
    url = f"http://{store['status']['podIP']}:{PORT}/faq.onnx"
    _serve(release, host, {"copyFrom": {"url": url, "sha256": OWN_DIGEST}})
    wait_for("the URL's model", 30, lambda: _answers(client, OWN_DIGEST))

    _serve(release, host, {"copyFrom": {"url": url, "sha256": "0" * 64}}, wait=False)
    log = wait_for("a refused file", 60, lambda: _refusal(release))
    assert f"the file's SHA-256 is {OWN_DIGEST}, not {'0' * 64}" in log
    assert _answers(client, OWN_DIGEST)


def _refusal(release: Release) -> str:
    """What the init container of a pod that does not start said of the file."""
    for pod in release.pods():
        if condition(pod, "Initialized") == "False":
            log = release.logs(pod["metadata"]["name"], "-c", "copy-faq-model")
            return log if "SHA-256 is" in log else ""
    return ""
