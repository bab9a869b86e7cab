"""Settings: their bounds, what is refused and how it is told, and Kubernetes' variables."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from server.errors import StartupError
from server.settings import Settings, read_settings


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith("RTSCORE_"):
            monkeypatch.delenv(name)


BOUNDS: dict[str, tuple[float, float]] = {
    "port": (0, 65535),
    "metrics_port": (1, 65535),
    "gpu_memory_mib": (0, 1_000_000),
    "threads": (0, 1024),
    "max_batch_faq": (1, 4096),
    "max_batch_image": (1, 4096),
    "max_wait_ms": (0, 1000),
    "queue_limit": (256, 1_000_000),
    "timeout_ms": (1, 3_600_000),
    "body_timeout_ms": (1, 3_600_000),
    "max_body_mib": (1, 1024),
    "max_megapixels": (0.001, 1000),
    "drain_seconds": (0, 3600),
}
CHOICES = {
    "device": ("auto", "cpu", "cuda"),
    "cpu_mode": ("throughput", "latency"),
    "log_level": ("debug", "info", "warning", "error"),
    "log_format": ("json", "text"),
}
TEXTS = {"host", "faq_model", "image_model", "api_keys_dir"}


def test_these_tests_know_every_setting() -> None:
    assert set(Settings.model_fields) == {*BOUNDS, *CHOICES, *TEXTS}


@pytest.mark.parametrize("name", BOUNDS)
def test_the_bounds_of_a_number(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    variable = f"RTSCORE_{name.upper()}"
    for bound in BOUNDS[name]:
        monkeypatch.setenv(variable, str(bound))
        assert getattr(read_settings([]), name) == bound
    least, most = BOUNDS[name]
    for value, allowed in (
        (least - 1, r"greater than (or equal to )?\d"),
        (most + 1, rf"less than or equal to {most}"),
        ("many", "valid (integer|number)"),
        ("nan", "valid (integer|number)|less than|greater than"),
    ):
        monkeypatch.setenv(variable, str(value))
        with pytest.raises(StartupError, match=rf"^{variable}={value}: .*{allowed}"):
            read_settings([])


@pytest.mark.parametrize("name", sorted(set(BOUNDS) - {"metrics_port", "gpu_memory_mib"}))
def test_an_empty_number_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"RTSCORE_{name.upper()}", "")
    with pytest.raises(StartupError, match=f"^RTSCORE_{name.upper()}=: "):
        read_settings([])


@pytest.mark.parametrize("name", CHOICES)
def test_the_choices(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    variable = f"RTSCORE_{name.upper()}"
    for choice in CHOICES[name]:
        monkeypatch.setenv(variable, choice)
        assert getattr(read_settings([]), name) == choice
    monkeypatch.setenv(variable, "other")
    with pytest.raises(StartupError, match=f"^{variable}=other: ") as caught:
        read_settings([])
    assert all(f"'{choice}'" in str(caught.value) for choice in CHOICES[name])


@pytest.mark.parametrize("name", ["faq_model", "image_model", "api_keys_dir", "metrics_port"])
def test_empty_switches_off(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"RTSCORE_{name.upper()}", "")
    assert getattr(read_settings([]), name) is None
    monkeypatch.setenv(f"RTSCORE_{name.upper()}", "7")
    assert getattr(read_settings([]), name) in (7, Path("7"))
    assert getattr(read_settings([f"--{name.replace('_', '-')}", ""]), name) is None


def test_an_empty_limit_of_gpu_memory_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTSCORE_GPU_MEMORY_MIB", "")
    assert read_settings([]).gpu_memory_mib == 0
    assert read_settings(["--gpu-memory-mib", "4096"]).gpu_memory_mib == 4096


def test_an_empty_host_would_listen_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTSCORE_HOST", "")
    with pytest.raises(StartupError, match=r"^RTSCORE_HOST=: .*at least 1 character"):
        read_settings([])


def test_a_flag_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTSCORE_PORT", "9001")
    monkeypatch.setenv("RTSCORE_FAQ_MODEL", "from-environment.onnx")
    settings = read_settings(["--port", "9002", "--log-format=text"])
    assert settings.port == 9002
    assert settings.log_format == "text"
    assert settings.faq_model == Path("from-environment.onnx")


def test_a_wrong_flag_is_told_like_a_wrong_variable() -> None:
    with pytest.raises(StartupError, match=r"^RTSCORE_QUEUE_LIMIT=255: .*equal to 256"):
        read_settings(["--queue-limit", "255"])


def test_every_wrong_setting_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTSCORE_PORT", "99999")
    monkeypatch.setenv("RTSCORE_DEVICE", "tpu")
    with pytest.raises(StartupError) as caught:
        read_settings([])
    assert re.fullmatch("RTSCORE_PORT=99999: .+; RTSCORE_DEVICE=tpu: .+", str(caught.value))


@pytest.mark.parametrize("name", ["RTSCORE_PROT", "RTSCORE_MODEL_CONFIG", "rtscore_prot"])
def test_an_unknown_variable_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "8001")
    with pytest.raises(StartupError, match=f"^{name}=8001: there is no such setting") as caught:
        read_settings([])
    assert "RTSCORE_PORT" in str(caught.value)


def test_variables_of_others_are_none_of_our_business(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTSCORES_PORT", "1")
    monkeypatch.setenv("PORT", "1")
    assert read_settings([]).port == 8000


@pytest.mark.parametrize("argv", [["--prot", "1"], ["--por", "1"], ["8001"]])
def test_an_unknown_flag_is_refused(argv: list[str]) -> None:
    with pytest.raises(StartupError, match=f"{' '.join(argv)}; rtscore --help lists every flag"):
        read_settings(argv)


SERVICE_LINKS = {
    "RTSCORE_PORT": "tcp://10.0.0.1:80",
    "RTSCORE_PORT_80_TCP": "tcp://10.0.0.1:80",
    "RTSCORE_PORT_80_TCP_PROTO": "tcp",
    "RTSCORE_PORT_80_TCP_PORT": "80",
    "RTSCORE_PORT_80_TCP_ADDR": "10.0.0.1",
    "RTSCORE_SERVICE_HOST": "10.0.0.1",
    "RTSCORE_SERVICE_PORT": "80",
    "RTSCORE_SERVICE_PORT_HTTP": "80",
    # of a Service rtscore-metrics, whose first variable is a setting's name
    "RTSCORE_METRICS_PORT": "tcp://10.0.0.2:9090",
    "RTSCORE_METRICS_SERVICE_HOST": "10.0.0.2",
    "RTSCORE_METRICS_SERVICE_PORT": "9090",
    # of Services rtscore-faq and rtscore-image-gpu
    "RTSCORE_FAQ_SERVICE_HOST": "fd00:10:96::1",
    "RTSCORE_FAQ_PORT": "tcp://[fd00:10:96::1]:80",
    "RTSCORE_FAQ_PORT_80_TCP_ADDR": "fd00:10:96::1",
    "RTSCORE_IMAGE_GPU_PORT_53_UDP": "udp://10.0.0.3:53",
    "RTSCORE_IMAGE_GPU_PORT_53_UDP_PROTO": "udp",
}


def test_service_links_of_kubernetes_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SERVICE_LINKS.items():
        monkeypatch.setenv(name, value)
    settings = read_settings([])
    assert settings == Settings.model_construct()
    assert read_settings(["--port", "9000"]).port == 9000


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RTSCORE_PORT", "http://10.0.0.1:80"),
        ("RTSCORE_METRICS_PORT", "9090/tcp"),
        ("RTSCORE_HOST", ""),
        ("RTSCORE_SERVICE_PORT", "tcp"),
        ("RTSCORE_SERVICE_HOST", "example.org"),
        ("RTSCORE_PORT_80_TCP_PROTO", "8"),
        ("RTSCORE_FAQ_MODELL", "models/faq.onnx"),
        ("RTSCORE_IMPORT", "tcp"),
    ],
)
def test_nothing_else_is_ignored(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(StartupError, match=f"^{name}="):
        read_settings([])


def test_settings_are_frozen() -> None:
    settings = read_settings([])
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]


def test_help_lists_every_setting_with_its_default_and_meaning() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "server", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "80"},
    )
    entries = re.split(r"\n  --", done.stdout)[1:]
    told = {entry.split()[0].replace("-", "_"): " ".join(entry.split()) for entry in entries}
    assert set(told) == set(Settings.model_fields)
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description in told[name]
        assert f"(default: {_shown(field.default)})" in told[name]


def _shown(default: Any) -> str:
    return str(default)
