"""API keys: who is let in, and that they rotate while the pods run and serve."""

import base64
import hashlib
from collections.abc import Callable

import pytest

from tests.cluster.kube import Object, apply, wait_for
from tests.cluster.load import BOTH_ANSWERED, Load
from tests.cluster.release import Release
from tests.cluster.web import Client

EFFECT_SECONDS = 60
KEPT, OLD, NEW, BOUND = (f"key-of-{caller}" for caller in ("alice", "bob", "carol", "dave"))
HASHED = f"sha256:{hashlib.sha256(KEPT.encode()).hexdigest()}"
BEFORE = {"alice": HASHED, "bob": OLD}
AFTER = {"alice": HASHED, "carol": NEW, "dave": f"{BOUND}\nmodels: faq\n"}

Outside = Callable[..., Client]
Loads = Callable[..., Load]


def _in_the_values(release: Release, host: str, keys: dict[str, str]) -> None:
    """Install or upgrade with `keys` in the chart's Secret."""
    release.install(_values(host, {"keys": keys}))


def _in_a_secret_of_ones_own(release: Release, host: str, keys: dict[str, str]) -> None:
    """Install with an existing Secret, or change that Secret alone."""
    data = {caller: base64.b64encode(text.encode()).decode() for caller, text in keys.items()}
    name = "callers"
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": data}
    apply(secret, namespace=release.namespace)
    if keys == BEFORE:
        release.install(_values(host, {"existingSecret": name}))


def _values(host: str, keys: Object) -> Object:
    return {"apiKeys": {"enabled": True} | keys, "ingress": {"enabled": True, "host": host}}


@pytest.mark.parametrize("put", [_in_the_values, _in_a_secret_of_ones_own])
def test_keys_rotate_without_restart_or_failure(
    put: Callable[[Release, str, dict[str, str]], None],
    release: Release,
    host: str,
    outside: Outside,
    load: Loads,
) -> None:
    put(release, host, BEFORE)
    url, address = f"http://{host}", release.address()
    alice, bob, carol, dave, stranger, nobody = (
        outside(url, address, key) for key in (KEPT, OLD, NEW, BOUND, "wrong", None)
    )
    wait_for("an answer", 30, lambda: alice.faq().is_success)
    assert bob.classify().is_success
    refused = [one.faq().status_code for one in (carol, dave, stranger, nobody)]
    assert refused == [401, 401, 401, 401]
    assert nobody.faq().headers["WWW-Authenticate"]
    pods = release.pod_names()
    running = load(url, address, "--in-flight", "2", key=KEPT)

    put(release, host, AFTER)

    wait_for("the new key", EFFECT_SECONDS, lambda: carol.faq().is_success)
    wait_for("the old key's end", EFFECT_SECONDS, lambda: bob.faq().status_code == 401)
    assert dave.faq().is_success
    assert dave.classify().status_code == 403
    assert stranger.classify().status_code == 401
    assert set(running.stop()) == BOTH_ANSWERED
    assert release.pod_names() == pods
    assert release.restarts() == 0


def test_a_changed_setting_restarts_the_pods(release: Release, host: str, outside: Outside) -> None:
    release.install(_values(host, {"keys": BEFORE}))
    before = release.pod_names()
    release.upgrade({"settings": {"logFormat": "text"}})
    (pod,) = release.wait_for_ready(1)
    assert pod["metadata"]["name"] not in before
    assert not release.logs(pod["metadata"]["name"]).startswith("{")
    assert outside(f"http://{host}", release.address(), KEPT).faq().is_success
