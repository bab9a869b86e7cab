"""The server's settings: what the chart writes into the environment, the server reads."""

import json
import os
import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from server.settings import PREFIX, Settings, read_settings
from tests.charts.chart import CHART, Object, each_case, env_of, one, render, render_case

KEYS = {"apiKeys": {"enabled": True, "keys": {"alice": "correct-horse"}}}
Read = Callable[[Mapping[str, str]], Settings]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Read:
    """Settings from an environment that holds nothing else of the server."""

    def under(env: Mapping[str, str]) -> Settings:
        for name in [name for name in os.environ if name.startswith(PREFIX)]:
            monkeypatch.delenv(name)
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        return read_settings([])

    return under


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def decided() -> set[str]:
    """The settings that the chart writes itself."""
    names = env_of(render(KEYS))
    assert all(name.startswith(PREFIX) for name in names)
    return {name.removeprefix(PREFIX).lower() for name in names}


def schema() -> Object:
    found: Object = json.loads((CHART / "values.schema.json").read_text())["properties"]
    return found


def bounds(field: Mapping[str, Any]) -> dict[str, Any]:
    words = {"title", "description", "default"}
    return {name: value for name, value in field.items() if name not in words}


@each_case
def test_the_server_takes_every_rendered_environment(case: str, read: Read) -> None:
    settings = read(env_of(render_case(case)))
    assert (settings.host, settings.port, settings.metrics_port) == ("0.0.0.0", 8000, 9090)
    assert settings.drain_seconds == 20
    assert settings.faq_model or settings.image_model


def test_values_arrive_as_they_were_given(read: Read) -> None:
    env = env_of(render_case("everything"))
    assert env["RTSCORE_TIMEOUT_MS"] == "2000000"
    settings = read(env)
    assert (settings.timeout_ms, settings.max_body_mib, settings.max_wait_ms) == (2000000, 32, 0.5)
    assert (settings.cpu_mode, settings.log_level) == ("latency", "debug")
    assert env["MALLOC_ARENA_MAX"] == "2"


@each_case
def test_no_number_is_written_with_an_exponent(case: str) -> None:
    for item in render_case(case):
        assert not re.search(r"\b\d(\.\d+)?e\+\d\d\b", json.dumps(item)), item["kind"]


def test_large_numbers_stay_whole() -> None:
    largest = {"maxBodyMib": 1024, "queueLimit": 1_000_000, "timeoutMs": 3_600_000}
    env = env_of(render({"settings": largest}))
    assert [env["RTSCORE_QUEUE_LIMIT"], env["RTSCORE_TIMEOUT_MS"]] == ["1000000", "3600000"]


def test_every_setting_of_the_server_is_one_of_the_chart() -> None:
    fields = Settings.model_json_schema()["properties"]
    offered = {name: bounds(field) for name, field in schema()["settings"]["properties"].items()}
    assert offered == {
        camel(name): bounds(field) for name, field in fields.items() if name not in decided()
    }


def test_what_the_chart_decides_has_the_servers_bounds() -> None:
    fields = Settings.model_json_schema()["properties"]
    assert schema()["device"]["enum"] == fields["device"]["enum"]
    drain = schema()["drainSeconds"]
    assert (drain["minimum"], drain["maximum"]) == (
        fields["drain_seconds"]["minimum"],
        fields["drain_seconds"]["maximum"],
    )


def test_every_setting_reaches_the_server(read: Read) -> None:
    given = {
        name: field["enum"][-1] if "enum" in field else field["maximum"]
        for name, field in schema()["settings"]["properties"].items()
    }
    settings = read(env_of(render({"settings": given})))
    assert {
        camel(name): value for name, value in settings.model_dump().items() if name not in decided()
    } == given


def test_keys_rotate_without_a_restart() -> None:
    def deployment(keys: Mapping[str, str]) -> Object:
        objects = render({"apiKeys": {"enabled": True, "keys": keys}})
        secret = one(objects, "Secret")["data"]
        assert {name: b64decode(text).decode() for name, text in secret.items()} == keys
        return one(objects, "Deployment")

    assert deployment({"alice": "a"}) == deployment({"alice": "b", "bob": "sha256:c"})


def test_a_changed_setting_restarts_the_pods() -> None:
    changed = one(render({"settings": {"queueLimit": 300}}), "Deployment")
    assert changed["spec"]["template"] != one(render(), "Deployment")["spec"]["template"]


def test_keys_are_mounted_where_the_server_reads_them(read: Read) -> None:
    for values, secret in (
        (KEYS, "prod-rtscore-keys"),
        ({"apiKeys": {"enabled": True, "existingSecret": "mine"}}, "mine"),
    ):
        objects = render(values)
        spec = one(objects, "Deployment")["spec"]["template"]["spec"]
        (volume,) = (item for item in spec["volumes"] if item["name"] == "keys")
        assert volume["secret"]["secretName"] == secret
        mounts = spec["containers"][0]["volumeMounts"]
        (mount,) = (item for item in mounts if item["name"] == "keys")
        assert mount["readOnly"] is True
        assert "subPath" not in mount, "a file mounted by subPath never changes"
        assert read(env_of(objects)).api_keys_dir == Path(mount["mountPath"])
    assert one(render(KEYS), "Secret")["metadata"]["name"] == "prod-rtscore-keys"


def test_without_keys_there_is_no_secret() -> None:
    assert not [item for item in render() if item["kind"] == "Secret"]
    assert "RTSCORE_API_KEYS_DIR" not in env_of(render())
