"""A private registry: with the pull secret pods start, without it they don't."""

import os

from tests.cluster.kube import lacking, wait_for
from tests.cluster.pods import waiting_reason
from tests.cluster.release import Release, image_values

REFUSED = {"ErrImagePull", "ImagePullBackOff"}


def test_pods_start_with_the_pull_secret_and_not_without(release: Release) -> None:
    told = [os.environ.get(f"PRIVATE_{name}", "") for name in ("IMAGE", "USER", "PASSWORD")]
    if not all(told):
        lacking("PRIVATE_IMAGE, PRIVATE_USER and PRIVATE_PASSWORD don't name a private image")
    image, user, password = told
    # A node that has the image would start it without asking the registry.
    values = {"image": image_values(image) | {"pullPolicy": "Always"}, "preStopSeconds": 1}
    release.install(values, wait=False)
    message = wait_for("a refused pull", 60, lambda: _refusal(release)).lower()
    assert any(word in message for word in ("unauthorized", "authorization", "denied")), message
    assert not release.ready_pods()

    release.kubectl(
        "create", "secret", "docker-registry", "pull", f"--docker-server={image.split('/')[0]}",
        f"--docker-username={user}", f"--docker-password={password}",
    )  # fmt: skip
    release.upgrade({"image": {"pullSecrets": [{"name": "pull"}]}})
    (pod,) = release.wait_for_ready(1)
    assert pod["spec"]["containers"][0]["image"] == image
    assert "Phase:          Succeeded" in release.helm("test", release.name, "--timeout=60s")


def _refusal(release: Release) -> str:
    """What the kubelet says of a pull that failed."""
    if not any(waiting_reason(pod) in REFUSED for pod in release.pods()):
        return ""
    events = release.get("events", "--field-selector=reason=Failed")["items"]
    return " ".join(event["message"] for event in events)
