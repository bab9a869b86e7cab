"""NOTES.txt: what is printed after the installation works as pasted, and fits the release."""

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.charts.chart import (
    CASES,
    CHART,
    NAME,
    NAMESPACE,
    each_case,
    env_of,
    render_case,
    template,
)

KEYS = {"apiKeys": {"enabled": True, "keys": {"alice": "correct-horse"}}}
OBJECT = 'apiVersion: v1\nkind: Notes\ntext: {{ include "notes" . | toJson }}\n'


@pytest.fixture(scope="session")
def chart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy that renders its notes as an object: `helm template` leaves them out."""
    copy = tmp_path_factory.mktemp("notes") / "rtscore"
    shutil.copytree(CHART, copy)
    text = (copy / "templates" / "NOTES.txt").read_text()
    (copy / "templates" / "_notes.tpl").write_text(f'{{{{ define "notes" }}}}{text}{{{{ end }}}}')
    (copy / "templates" / "notes.yaml").write_text(OBJECT)
    return copy


def notes(chart: Path, values: Mapping[str, Any], files: Sequence[str] = ()) -> str:
    """What `helm install` prints at its end."""
    objects = yaml.load_all(template(values, files, chart=chart), yaml.CSafeLoader)
    (text,) = (item["text"] for item in objects if item and item["kind"] == "Notes")
    return str(text)


def notes_of(chart: Path, case: str) -> str:
    files, values = CASES[case]
    return notes(chart, values, files)


def commands(text: str) -> list[str]:
    """The lines to paste, which stand apart by two spaces."""
    found = [line.strip() for line in text.splitlines() if line.startswith("  ")]
    assert found
    return found


def starting(text: str, word: str) -> list[str]:
    return [line for line in commands(text) if line.startswith(word)]


@each_case
def test_commands_are_shell_and_name_what_is_there(chart: Path, case: str) -> None:
    text = notes_of(chart, case)
    objects = render_case(case)
    names = {(item["kind"].lower(), item["metadata"]["name"]) for item in objects}
    for command in commands(text):
        checked = subprocess.run(["bash", "-n", "-c", command], capture_output=True, text=True)
        assert (checked.returncode, checked.stderr) == (0, ""), command
        assert command.split()[0] in ("kubectl", "curl", "helm") or command.startswith("KEY=$(")
        if "kubectl" in command or command.startswith("helm"):
            assert f"-n {NAMESPACE}" in command
        for kind, name in re.findall(r"\b(deployment|service|httproute)[/ ]([\w-]+)", command):
            assert (kind, name) in names, command


@each_case
def test_a_key_is_sent_where_keys_are_asked_for(chart: Path, case: str) -> None:
    text = notes_of(chart, case)
    env = env_of(render_case(case))
    asked = "RTSCORE_API_KEYS_DIR" in env
    assert bool(starting(text, "KEY=")) == asked
    for command in starting(text, "curl"):
        assert ('-H "X-API-Key: $KEY"' in command) == asked
    assert ("allowAnonymous=true" in text) == (case == "ingress-azure")


@each_case
def test_each_model_that_is_served_is_asked(chart: Path, case: str) -> None:
    text = notes_of(chart, case)
    env = env_of(render_case(case))
    asked = "".join(starting(text, "curl"))
    assert ("/v1/faq" in asked) == bool(env["RTSCORE_FAQ_MODEL"])
    assert ("/v1/classify" in asked) == bool(env["RTSCORE_IMAGE_MODEL"])


@pytest.mark.parametrize(
    ("case", "base"),
    [
        ("default", "http://127.0.0.1:8000"),
        ("loadbalancer", "http://127.0.0.1:8000"),
        ("gateway", "http://127.0.0.1:8000"),
        ("ingress-nginx", "https://rtscore.test"),
    ],
)
def test_calls_go_where_the_release_answers(chart: Path, case: str, base: str) -> None:
    text = notes_of(chart, case)
    assert all(f" {base}/v1/" in command for command in starting(text, "curl"))
    forwards = [line for line in commands(text) if f"port-forward service/{NAME} 8000:80" in line]
    assert bool(forwards) == base.endswith(":8000")


def test_an_ingress_without_tls_is_called_over_http(chart: Path) -> None:
    values = {"ingress": {"enabled": True, "host": "rtscore.test"}, **KEYS}
    assert all(" http://rtscore.test/" in line for line in starting(notes(chart, values), "curl"))


@pytest.mark.parametrize(
    ("keys", "first"),
    [
        ({"alice": "correct-horse"}, "correct-horse"),
        ({"alice": "sha256:" + "a" * 64, "bob": "models: faq\nb1\nb2"}, "b1"),
        ({"alice": "models: faq\n", "bob": "from-a-file\n"}, "from-a-file"),
    ],
)
def test_the_key_is_one_that_can_be_sent(chart: Path, keys: dict[str, str], first: str) -> None:
    """The command's filter, given what kubectl would print."""
    (command,) = starting(notes(chart, {"apiKeys": {"enabled": True, "keys": keys}}), "KEY=")
    assert "secret prod-rtscore-keys" in command
    kubectl = re.sub(r"kubectl .* -o go-template='.*?'", "cat", command)
    assert kubectl != command
    printed = "".join(f"{value}\n" for value in keys.values())
    done = subprocess.run(
        ["bash", "-c", f'{kubectl}; echo "$KEY"'], input=printed, capture_output=True, text=True
    )
    assert done.stdout.strip() == first


def test_the_network_policy_is_told_where_there_is_one(chart: Path) -> None:
    def told(values: dict[str, Any]) -> bool:
        return "NetworkPolicy" in notes(chart, values)

    assert told({})
    assert not told({"networkPolicy": {"enabled": False}})
