"""From one version of the chart to the next, and away again."""

import shutil
from collections.abc import Callable
from pathlib import Path

import yaml

from tests.cluster.kube import HELM, run, wait_for
from tests.cluster.load import BOTH_ANSWERED, Load
from tests.cluster.release import CHART, Release
from tests.cluster.web import Client

KEY = "correct-horse-battery"


def _previous(folder: Path) -> Path:
    """The chart, packaged under a lower version: there is no earlier one yet."""
    copy = folder / "rtscore"
    shutil.copytree(CHART, copy)
    about = copy / "Chart.yaml"
    facts = yaml.safe_load(about.read_text(encoding="utf-8"))
    facts |= {"version": "0.0.1", "appVersion": "0.0.1"}
    about.write_text(yaml.safe_dump(facts), encoding="utf-8")
    run(HELM, "package", copy, "-d", folder)
    return folder / "rtscore-0.0.1.tgz"


def test_an_upgrade_keeps_answering_and_an_uninstall_leaves_nothing(
    release: Release,
    host: str,
    outside: Callable[..., Client],
    load: Callable[..., Load],
    tmp_path: Path,
) -> None:
    values = {
        "apiKeys": {"enabled": True, "keys": {"alice": KEY}},
        "ingress": {"enabled": True, "host": host},
        "metrics": {"dashboard": {"enabled": True}},
    }
    before = _objects(release)
    release.install(values, chart=_previous(tmp_path))
    old = release.pod_names()
    assert "rtscore-0.0.1" in release.helm("list")
    assert outside(f"http://{host}", release.address(), key=KEY).faq().status_code == 200

    running = load(f"http://{host}", release.address(), "--rate", "10", key=KEY)
    release.upgrade({"settings": {"logLevel": "debug"}})
    assert not set(old) & set(release.pod_names())
    outcomes = running.stop()
    assert set(outcomes) == BOTH_ANSWERED, outcomes

    assert "Phase:          Succeeded" in release.helm("test", release.name)
    release.helm("uninstall", release.name, "--wait")
    # The last pods are stopping for a while; whatever else were left would stay.
    wait_for("an empty namespace", 60, lambda: _objects(release) <= before)


def _objects(release: Release) -> set[str]:
    """Whatever lies in the namespace, but for records of what happened."""
    kinds = release.kubectl("api-resources", "--namespaced", "--verbs=list", "-o", "name").split()
    kept = [kind for kind in kinds if not kind.startswith(("events", "pods.metrics"))]
    return set(release.kubectl("get", ",".join(kept), "-o", "name", "--ignore-not-found").split())
