"""What operators and Kubernetes ask of a running server."""

import platform
from collections.abc import Iterator
from importlib.metadata import version

import httpx
import onnxruntime
import pytest

from tests.live import LiveServer
from tests.wire import refused


@pytest.fixture
def client(server: LiveServer) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


@pytest.mark.parametrize(
    ("path", "content"), [("/healthz", {"status": "ok"}), ("/readyz", {"status": "ready"})]
)
def test_the_probes(client: httpx.Client, path: str, content: dict[str, str]) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()) == (200, content)
    assert answer.headers["X-Request-ID"]
    assert client.get(f"{path}?verbose").status_code == 200  # as some probes ask


def test_the_versions(client: httpx.Client) -> None:
    assert client.get("/version").json() == {
        "rtscore": version("rtscore"),
        "python": platform.python_version(),
        "onnxruntime": onnxruntime.__version__,
        "providers": onnxruntime.get_available_providers(),
    }


def test_the_metrics_are_prometheus_text(client: httpx.Client) -> None:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    assert "# TYPE rtscore_request_seconds histogram\n" in answer.text


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/version"])
def test_they_only_answer_to_get(client: httpx.Client, path: str) -> None:
    answer = client.post(path)
    refused(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET"


def test_the_server_does_not_name_its_parts_in_headers(client: httpx.Client) -> None:
    assert "server" not in client.get("/healthz").headers
    assert "server" not in client.get("/nothing").headers
