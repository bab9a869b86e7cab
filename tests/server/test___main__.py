"""The command as a person runs it: what it says, where, and with which exit code."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from pathlib import Path

import httpx
import onnx
import pytest

from server.__main__ import main
from tests.live import LiveServer
from tests.tiny import faq_contract, faq_graph, image_contract, image_graph, stamped, write
from tests.wire import HANG, eventually

COMMAND = [sys.executable, "-m", "server"]


@pytest.fixture
def models(tmp_path: Path) -> dict[str, object]:
    """Settings of a server with two tiny models."""
    return {
        "faq_model": write(tmp_path, stamped(faq_graph(), faq_contract()), "faq.onnx"),
        "image_model": write(tmp_path, stamped(image_graph(), image_contract()), "image.onnx"),
        "port": 0,
    }


def environ(settings: dict[str, object]) -> dict[str, str]:
    others = {name: value for name, value in os.environ.items() if "RTSCORE" not in name}
    return others | {f"RTSCORE_{name.upper()}": str(value) for name, value in settings.items()}


def refused(settings: dict[str, object], *arguments: str) -> str:
    """The one line on stderr of a start that fails."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        env=environ(settings),
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
    )
    assert done.returncode not in (0, 1), done.stdout  # 1 is what a trace leaves with
    assert "Traceback" not in done.stdout + done.stderr
    assert "listening" not in done.stdout
    for line in done.stdout.splitlines():
        json.loads(line)
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("rtscore: ")
    return lines[0]


def without_contract(content: bytes) -> bytes:
    graph = onnx.load_from_string(content)
    del graph.metadata_props[:]
    return bytes(graph.SerializeToString())


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        pytest.param("faq", lambda content: b"", id="empty"),
        pytest.param("image", lambda content: b"hello, this is text", id="text"),
        pytest.param("faq", lambda content: content[: len(content) // 2], id="half"),
        pytest.param("image", lambda content: content[:-1], id="truncated"),
        pytest.param("faq", lambda content: content + b"\0", id="longer"),
        pytest.param("image", lambda content: content.replace(b"dark", b"dawn"), id="tampered"),
        pytest.param("faq", lambda content: without_contract(content), id="foreign"),
    ],
)
def test_a_model_file_that_is_not_ours_stops_the_start(
    models: dict[str, object], name: str, broken: Callable[[bytes], bytes]
) -> None:
    path = Path(str(models[f"{name}_model"]))
    path.write_bytes(broken(path.read_bytes()))
    line = refused(models)
    assert str(path) in line
    assert "rtscore-convert" in line


def test_a_missing_model_stops_the_start(models: dict[str, object]) -> None:
    line = refused(models | {"image_model": "/no/such/model.onnx"})
    assert "/no/such/model.onnx" in line
    assert "make models" in line


def test_models_that_are_swapped_stop_the_start(models: dict[str, object]) -> None:
    swapped = {"faq_model": models["image_model"], "image_model": models["faq_model"]}
    assert "RTSCORE_FAQ_MODEL" in refused(models | swapped)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"faq_model": "", "image_model": ""}, ["RTSCORE_FAQ_MODEL", "RTSCORE_IMAGE_MODEL"]),
        ({"api_keys_dir": "/no/such/folder"}, ["/no/such/folder", "RTSCORE_API_KEYS_DIR"]),
        ({"host": "no-such-host.invalid"}, ["RTSCORE_HOST", "no-such-host.invalid"]),
        ({"port": "http"}, ["RTSCORE_PORT", "http", "integer"]),
        ({"queue_limit": 255}, ["RTSCORE_QUEUE_LIMIT", "255", "256"]),
        ({"timeout": 5}, ["RTSCORE_TIMEOUT", "5", "RTSCORE_TIMEOUT_MS"]),
    ],
)
def test_a_wrong_setting_stops_the_start(
    models: dict[str, object], settings: dict[str, object], words: list[str]
) -> None:
    line = refused(models | settings)
    for word in words:
        assert word in line


def test_a_wrong_flag_stops_the_start(models: dict[str, object]) -> None:
    line = refused(models, "--no-such-flag", "1")
    assert "--no-such-flag" in line
    assert "--help" in line


@pytest.mark.parametrize("name", ["port", "metrics_port"])
def test_a_port_that_is_taken_stops_the_start(models: dict[str, object], name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        line = refused(models | {name: port})
    assert f"RTSCORE_{name.upper()}={port}" in line
    assert "in use" in line


@pytest.fixture
def started(models: dict[str, object]) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the command with arguments and settings."""
    processes = []

    def start(*arguments: str, **settings: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            env=environ(models | settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


Started = Callable[..., subprocess.Popen[str]]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200
    except httpx.TransportError:
        return False


def ended(process: subprocess.Popen[str]) -> str:
    """What a process wrote that is told to stop."""
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=HANG)
    assert (process.returncode, err) == (0, "")
    return out


def test_a_flag_wins_over_the_environment(started: Started) -> None:
    port = free_port()
    process = started("--port", str(port), "--log-level=error", port="99", log_level="info")
    eventually(lambda: ready(port))
    assert ended(process) == ""


def test_service_links_of_kubernetes_are_ignored(started: Started) -> None:
    port = free_port()
    links = {
        "port": "tcp://10.0.0.1:80",
        "port_80_tcp": "tcp://10.0.0.1:80",
        "port_80_tcp_addr": "10.0.0.1",
        "port_80_tcp_port": "80",
        "port_80_tcp_proto": "tcp",
        "service_host": "10.0.0.1",
        "service_port": "80",
        "service_port_http": "80",
    }
    started("--port", str(port), **links)
    eventually(lambda: ready(port))


def test_text_logs_are_for_reading(started: Started) -> None:
    port = free_port()
    process = started(port=port, log_format="text")
    eventually(lambda: ready(port))
    headers = {"X-Request-ID": "the-request"}
    answer = httpx.post(
        f"http://127.0.0.1:{port}/v1/faq", json={"question": "sort"}, headers=headers
    )
    assert answer.status_code == 200
    lines = ended(process).splitlines()
    (line,) = [line for line in lines if "the-request" in line]
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\S* INFO +request ", line)
    for part in ("method=POST", "route=/v1/faq", "status=200", "'infer':", "'total':"):
        assert part in line


def test_a_start_is_told_in_three_lines(serve: Callable[..., LiveServer]) -> None:
    server = serve()
    assert [line["message"] for line in server.logs] == [
        "model loaded",
        "model loaded",
        "listening",
    ]
    assert {line["model"] for line in server.logs[:2]} == {"faq", "image"}
    for line in server.logs[:2]:
        assert re.fullmatch("[0-9a-f]{12}", line["version"])
        assert line["device"] == "cpu" or line["model"] == "image"
        assert ("no_cuda" in line) == (line["model"] == "image" and line["device"] == "cpu")
    with server.client() as client:
        assert client.get("/readyz").status_code == 200  # from the moment that it listens


def test_help_goes_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    assert stopped.value.code == 0
    out, err = capsys.readouterr()
    assert "--faq-model" in out
    assert err == ""


def test_the_command_is_this_module() -> None:
    (command,) = entry_points(group="console_scripts", name="rtscore")
    assert command.load() is main


def test_a_signal_during_the_start_ends_it(models: dict[str, object]) -> None:
    """As a container's first process, which ignores a signal that nothing handles."""
    process = subprocess.Popen(COMMAND, env=environ(models), stdout=subprocess.PIPE)
    libraries = Path(f"/proc/{process.pid}/maps")
    try:
        eventually(lambda: "onnxruntime" in libraries.read_text(encoding="utf-8"))
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=HANG)
    finally:
        process.kill()
    assert process.returncode == 0
