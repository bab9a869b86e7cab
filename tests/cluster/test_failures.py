"""Pods that die or never start: who answers meanwhile, and how a release comes back."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.cluster.kube import CommandError, Object, wait_for
from tests.cluster.pods import failing_pod, helper, python, terminated, waiting_reason
from tests.cluster.release import CHART, Release, condition
from tests.cluster.web import Client

# Small to send; decoded, just under the server's limit of 50 megapixels, and 147 MB.
SEND_LARGE_PICTURE = """
import io, sys, urllib.request
from PIL import Image
picture = io.BytesIO()
Image.new("RGB", (7000, 7000), "olive").save(picture, "PNG")
call = urllib.request.Request(sys.argv[1], picture.getvalue(), {"Content-Type": "image/png"})
try:
    urllib.request.urlopen(call, timeout=10).read()
except OSError as error:
    print(error)
"""


@pytest.fixture(scope="module")
def pair(namespace: str, host: str) -> Iterator[Release]:
    """Two replicas, whose memory a large picture exceeds."""
    release = Release(namespace)
    release.install(
        {
            "replicaCount": 2,
            "preStopSeconds": 1,
            "resources": {"limits": {"memory": "272Mi"}},
            "allowAnonymous": True,
            "ingress": {"enabled": True, "host": host},
        }
    )
    release.wait_for_ready(2)
    yield release
    release.helm("uninstall", release.name, "--wait")


@pytest.fixture
def client(pair: Release, host: str, outside: Callable[..., Client]) -> Client:
    """Calls through the ingress."""
    one = outside(f"http://{host}", pair.address())
    wait_for("an answer", 30, lambda: one.faq().is_success)
    return one


def test_a_pod_killed_for_memory_gets_no_calls_until_it_is_ready(
    pair: Release, client: Client
) -> None:
    victim = pair.pods()[0]
    name, address = victim["metadata"]["name"], victim["status"]["podIP"]
    helper(pair.namespace, "caller")
    # Kubernetes starts it anew at once after the first death, and 10 s after the second.
    dead = wait_for("a pod that died twice", 60, lambda: _killed_again(pair, name, address))
    assert (terminated(dead)["exitCode"], terminated(dead)["reason"]) == (137, "OOMKilled")

    # A death takes a moment to be known; calls that come to the pod until then are lost.
    wait_for("calls that all succeed", 8, lambda: all(client.faq().is_success for _ in range(10)))
    asked = 0
    while (ready := _ready_addresses_without(pair, name)) is not None:
        assert address not in ready
        assert client.faq().is_success
        asked += 1
    assert asked, "it came back before anything could be seen"
    assert pair.restarts() == 2
    wait_for("calls to the pod", 15, lambda: client.faq().is_success and _served(pair, name))
    assert address in _ready_addresses(pair)


def _killed_again(release: Release, name: str, address: str) -> Object | None:
    """Kill the pod, if it answers; the pod, once Kubernetes waits with its next start."""
    python(release.namespace, "caller", SEND_LARGE_PICTURE, f"http://{address}:8000/v1/classify")
    pod = release.get("pod", name)
    return pod if waiting_reason(pod) == "CrashLoopBackOff" else None


def _ready_addresses(release: Release) -> set[str]:
    """Addresses to which the Service sends calls."""
    slices = release.get("endpointslices", "-l", f"kubernetes.io/service-name={release.name}")
    return {
        address
        for one in slices["items"]
        for endpoint in one.get("endpoints") or []
        if endpoint["conditions"]["ready"]
        for address in endpoint["addresses"]
    }


def _ready_addresses_without(release: Release, pod: str) -> set[str] | None:
    """What they are while the pod is not ready; None once it is."""
    addresses = _ready_addresses(release)
    return None if condition(release.get("pod", pod), "Ready") == "True" else addresses


def _served(release: Release, pod: str) -> bool:
    """Whether the pod's server has answered a question since its start."""
    return '"route":"/v1/faq"' in release.logs(pod)


def test_a_broken_upgrade_disturbs_no_call_and_rolls_back(pair: Release, client: Client) -> None:
    before = pair.pod_names()
    with ThreadPoolExecutor() as pool:
        upgrade = pool.submit(_break, pair)
        asked = 0
        while not upgrade.done():
            assert client.faq().is_success
            asked += 1
    assert "timed out" in upgrade.result() or "deadline exceeded" in upgrade.result()
    assert asked > 20
    broken, log = failing_pod(pair)
    assert terminated(broken)["exitCode"] == 3
    assert condition(broken, "Ready") == "False"
    assert "/tmp/none.onnx: No such file or directory; " in log

    pair.helm("rollback", pair.name, "--wait", "--timeout=60s")
    wait_for("the broken pod's end", 30, lambda: pair.pod_names() == before)
    assert client.faq().is_success


def _break(release: Release) -> str:
    """Upgrade to a model that is not there; what helm says of its failure."""
    change = ("--reuse-values", "--set", "models.faq.path=/tmp/none.onnx")
    with pytest.raises(CommandError) as failure:
        release.helm("upgrade", release.name, str(CHART), *change, "--wait", "--timeout=12s")
    return str(failure.value)
