"""What `helm test` runs, against a real server."""

import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.charts.chart import CHART, NAME, one, render
from tests.live import LiveServer

KEYS = {"apiKeys": {"enabled": True, "keys": {"alice": "correct-horse"}}}


def check(url: str, values: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
    """Run the test pod's command as rendered, with this Python and another address."""
    (container,) = one(render(values), "Pod")["spec"]["containers"]
    _, flag, script, address, *expected = container["command"]
    assert address == f"http://{NAME}:80"
    patient = "PATIENCE = 30.0"
    assert patient in script
    command = [sys.executable, flag, script.replace(patient, "PATIENCE = 0.0"), url, *expected]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_a_release_without_keys_passes(serve: Callable[..., LiveServer]) -> None:
    done = check(serve(metrics_port=free_port()).url, {})
    assert done.returncode == 0, done.stdout
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == [
        "/healthz",
        "/readyz",
        "/v1/models",
        "/metrics",
        "/v1/faq",
        "/v1/classify",
    ]


def test_a_release_with_keys_passes(serve: Callable[..., LiveServer], tmp_path: Path) -> None:
    (tmp_path / "alice").write_text("correct-horse")
    live = serve(metrics_port=free_port(), api_keys_dir=tmp_path, image_model="")
    done = check(live.url, KEYS)
    assert done.returncode == 0, done.stdout
    assert "/v1/faq: 401, expected 401" in done.stdout


def test_a_server_that_does_not_fit_the_release_fails(server: LiveServer) -> None:
    done = check(server.url, {})
    assert done.returncode == 1
    assert "/metrics: 200, expected 404" in done.stdout
    open_to_all = check(server.url, KEYS)
    assert open_to_all.returncode == 1
    assert "/v1/faq: 200, expected 401" in open_to_all.stdout


def test_a_release_without_an_answer_fails() -> None:
    done = check(f"http://127.0.0.1:{free_port()}", {})
    assert done.returncode == 1
    assert "/healthz: 0, expected 200" in done.stdout
    assert "refused" in done.stdout


def test_a_model_that_is_off_is_not_asked() -> None:
    off = {"models": {"faq": {"enabled": False}}}
    (container,) = one(render(off), "Pod")["spec"]["containers"]
    assert not [item for item in container["command"] if item.startswith("/v1/faq")]


def test_the_test_pod_goes_when_it_has_passed() -> None:
    pod = one(render(), "Pod")
    assert pod["metadata"]["annotations"] == {
        "helm.sh/hook": "test",
        "helm.sh/hook-delete-policy": "before-hook-creation,hook-succeeded",
    }
    assert pod["spec"]["restartPolicy"] == "Never"


def test_the_scripts_need_nothing_but_python() -> None:
    for path in CHART.glob("files/*.py"):
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", path.read_text()], capture_output=True, text=True
        )
        assert "ModuleNotFoundError" not in done.stderr
        assert "ValueError: not enough values to unpack" in done.stderr


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
