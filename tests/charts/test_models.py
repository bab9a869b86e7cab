"""Where model files come from: the image, a claim, another image, or a URL."""

import hashlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.charts.chart import Object, container_of, env_of, pod_of, render, render_case

FAQ = "RTSCORE_FAQ_MODEL"
IMAGE = "RTSCORE_IMAGE_MODEL"
BYTES = bytes(range(256)) * 9000  # more than one block


def mounted(container: Object) -> dict[str, Object]:
    return {item["name"]: item for item in container["volumeMounts"]}


def volumes(objects: tuple[Object, ...]) -> dict[str, Object]:
    return {item["name"]: item for item in pod_of(objects)["spec"]["volumes"]}


def test_the_images_own_models_need_no_volume() -> None:
    env = env_of(render())
    assert (env[FAQ], env[IMAGE]) == ("/models/faq.onnx", "/models/image.onnx")
    assert set(volumes(render())) == {"tmp"}
    assert "initContainers" not in pod_of(render())["spec"]


def test_the_paths_are_those_of_the_image() -> None:
    text = (Path(__file__).parents[2] / "Dockerfile.cpu").read_text()
    assert "/models" in text
    assert "/opt/rtscore" in text


def test_another_file_of_the_image() -> None:
    env = env_of(render({"models": {"faq": {"path": "/mine/a.onnx"}}}))
    assert (env[FAQ], env[IMAGE]) == ("/mine/a.onnx", "/models/image.onnx")


@pytest.mark.parametrize(("name", "variable"), [("faq", FAQ), ("image", IMAGE)])
def test_a_model_that_is_off_is_empty(name: str, variable: str) -> None:
    off = {"enabled": False, "existingClaim": "claim", "path": "a.onnx"}
    objects = render({"models": {name: off}})
    assert env_of(objects)[variable] == ""
    assert set(volumes(objects)) == {"tmp"}


def test_a_claim_is_mounted_read_only() -> None:
    objects = render_case("models")
    assert volumes(objects)["faq-model"]["persistentVolumeClaim"] == {
        "claimName": "models",
        "readOnly": True,
    }
    mount = mounted(container_of(objects))["faq-model"]
    assert mount["readOnly"] is True
    assert env_of(objects)[FAQ] == f"{mount['mountPath']}/faq/v2.onnx"


def test_a_file_from_another_image() -> None:
    objects = render_case("model-from-image")
    (init,) = pod_of(objects)["spec"]["initContainers"]
    assert init["image"] == "registry.example.com/faq-model:7"
    assert init["command"] == ["cp", "/model.onnx", env_of(objects)[FAQ]]
    assert_copied(objects, init, "faq-model", env_of(objects)[FAQ])


def test_a_file_from_a_url() -> None:
    objects = render_case("models")
    (init,) = pod_of(objects)["spec"]["initContainers"]
    assert init["image"] == container_of(objects)["image"]
    python, flag, _, url, target, expected = init["command"]
    assert (python, flag) == ("/opt/rtscore/bin/python", "-c")
    assert (url, target) == ("https://models.example.com/image.onnx", env_of(objects)[IMAGE])
    assert len(expected) == 64
    assert_copied(objects, init, "image-model", target)


def assert_copied(objects: tuple[Object, ...], init: Object, name: str, target: str) -> None:
    """The init container writes `target` on the volume that the server reads."""
    assert volumes(objects)[name]["emptyDir"] == {}
    written, read = mounted(init)[name], mounted(container_of(objects))[name]
    assert not written.get("readOnly", False)
    assert read["readOnly"] is True
    assert written["mountPath"] == read["mountPath"] == str(Path(target).parent)


def test_both_models_copied() -> None:
    source = {"copyFrom": {"url": "https://models.example.com/a.onnx"}}
    objects = render({"models": {"faq": source, "image": source}})
    names = [item["name"] for item in pod_of(objects)["spec"]["initContainers"]]
    assert names == ["copy-faq-model", "copy-image-model"]
    assert env_of(objects)[FAQ] != env_of(objects)[IMAGE]


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """An HTTP server with the file model.onnx."""
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "model.onnx").write_bytes(BYTES)
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path / "web"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{served.server_port}"
        served.shutdown()
        thread.join()


def download(url: str, target: Path, sha256: str) -> subprocess.CompletedProcess[str]:
    """Run the init container's command as rendered, with this Python and another target."""
    copy: dict[str, Any] = {"copyFrom": {"url": url, "sha256": sha256}}
    (init,) = pod_of(render({"models": {"faq": copy}}))["spec"]["initContainers"]
    _, flag, script, given_url, _, given_sum = init["command"]
    command = [sys.executable, flag, script, given_url, str(target), given_sum]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("write", [str.lower, str.upper, lambda _: ""])
def test_a_download_with_the_right_sum_or_none(web: str, tmp_path: Path, write: Any) -> None:
    target = tmp_path / "model.onnx"
    done = download(f"{web}/model.onnx", target, write(hashlib.sha256(BYTES).hexdigest()))
    assert done.returncode == 0, done.stderr
    assert target.read_bytes() == BYTES
    assert hashlib.sha256(BYTES).hexdigest() in done.stdout
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["model.onnx"]


@pytest.mark.parametrize(
    ("path", "said"), [("model.onnx", "not aaaa"), ("other.onnx", "HTTP Error 404")]
)
def test_a_wrong_download_is_no_model(web: str, tmp_path: Path, path: str, said: str) -> None:
    target = tmp_path / "model.onnx"
    done = download(f"{web}/{path}", target, "a" * 64)
    assert done.returncode != 0
    assert said in done.stderr
    assert not target.exists()
