"""Rules of the images that can be read from their files: what could break without a sound."""

import json
import re
import subprocess
import tomllib
from itertools import zip_longest
from pathlib import Path

import pytest

from server.settings import PREFIX, Settings
from tests.test_architecture import CONVERTERS, MODULES, imports

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BASE = "python:3.11-slim-bookworm"
KINDS = ("cpu", "gpu")


def instructions(kind: str) -> list[list[str]]:
    """Every instruction of a Dockerfile, as its name and the rest, without comments."""
    text = (ROOT / f"Dockerfile.{kind}").read_text(encoding="utf-8")
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    return [" ".join(line.split()).split(" ", 1) for line in text.splitlines() if line.strip()]


def last_stage(kind: str) -> list[list[str]]:
    lines = instructions(kind)
    start = max(number for number, (name, _) in enumerate(lines) if name == "FROM")
    return lines[start:]


def value(kind: str, name: str) -> str:
    """What the only instruction `name` of the last stage says."""
    (found,) = [rest for other, rest in last_stage(kind) if other == name]
    return found


def copied(kind: str) -> set[str]:
    """Whatever is copied from the build context."""
    copies = [rest.split() for name, rest in instructions(kind) if name == "COPY"]
    return {source for words in copies if "--from=" not in words[0] for source in words[:-1]}


@pytest.mark.parametrize("kind", KINDS)
def test_every_stage_starts_from_the_plain_base_or_an_earlier_stage(kind: str) -> None:
    stages: set[str] = set()
    for name, rest in instructions(kind):
        if name == "FROM":
            assert rest.split()[0] in {BASE} | stages
            stages.add(rest.split()[-1])
    assert value(kind, "FROM") == BASE


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_stage_only_copies_what_other_stages_made(kind: str) -> None:
    names = {name for name, _ in last_stage(kind)}
    assert names == {"FROM", "LABEL", "COPY", "ENV", "WORKDIR", "USER", "EXPOSE", "ENTRYPOINT"}
    assert all(rest.startswith("--from=") for name, rest in last_stage(kind) if name == "COPY")


@pytest.mark.parametrize("kind", KINDS)
def test_the_server_is_process_1_and_its_user_a_number_other_than_root(kind: str) -> None:
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", value(kind, "USER"))
    (command,) = json.loads(value(kind, "ENTRYPOINT"))
    environment, script = command.split("/bin/")
    assert script in PROJECT["scripts"]
    assert any(f"venv --without-pip {environment} " in rest for _, rest in instructions(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_its_variables_are_settings_and_its_models_lie_where_they_say(kind: str) -> None:
    pairs = dict(pair.split("=", 1) for pair in value(kind, "ENV").split())
    settings = Settings.model_validate(
        {name.removeprefix(PREFIX).lower(): text for name, text in pairs.items()}
    )
    assert settings.host == "0.0.0.0"
    assert value(kind, "EXPOSE") == str(settings.port)
    copies = [rest.split() for name, rest in last_stage(kind) if name == "COPY"]
    files = [words[1:] for words in copies if words[0] == "--from=models"]
    baked = {
        Path(place) / Path(source).name if place.endswith("/") else Path(place)
        for source, place in files
    }
    assert baked == {settings.faq_model, settings.image_model}


def test_the_images_differ_in_extra_name_precision_and_what_the_larger_one_drops() -> None:
    for cpu, gpu in zip_longest(instructions("cpu"), instructions("gpu")):
        steps = [re.split(r" && |(?<=\") ", rest) for _, rest in (cpu, gpu)]
        assert cpu[0] == gpu[0]
        for ours, theirs in zip_longest(*steps):
            if ours is None:
                assert theirs.startswith("rm -r ")
            elif "/src/models/image" in ours:
                assert ours.replace("image.onnx", "image-fp32.onnx", 1) == theirs
            elif ours.startswith("org.opencontainers.image.description="):
                assert ours.replace("the CPU", "NVIDIA GPUs") == theirs
            else:
                assert ours.replace("'.[cpu,", "'.[gpu,") == theirs


@pytest.mark.parametrize("kind", KINDS)
def test_the_build_context_holds_what_is_copied_and_nothing_else(kind: str) -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if not line.startswith("#")]
    assert rules[0] == "*"
    assert rules[-1] == "**/__pycache__"
    assert {rule.removeprefix("!") for rule in rules[1:-1]} == {
        source.split("/")[0] for source in copied(kind)
    }
    assert all((ROOT / source).exists() for source in copied(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_the_models_stage_has_what_converters_import_of_the_server(kind: str) -> None:
    needed, unseen = {"server"}, {name for module in CONVERTERS for name in imports(module)}
    while unseen:
        name = unseen.pop()
        if name.startswith("server.") and name not in needed:
            needed.add(name)
            unseen.update(imports(name), {name.rpartition(".")[0]})
    files = {source for source in copied(kind) if source.startswith("server/")}
    assert files == {str(MODULES[name]) for name in needed}


@pytest.mark.parametrize("kind", KINDS)
def test_make_tags_an_image_with_the_version(kind: str) -> None:
    made = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", f"image-{kind}", "BUILD=podman build"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    words = made.replace("\\\n", "").split()
    version = PROJECT["version"]
    assert words == [
        *("podman", "build", "-f", f"Dockerfile.{kind}", "-t", f"rtscore:{version}-{kind}"),
        *("--label", f"org.opencontainers.image.version={version}", "."),
    ]


def test_the_documents_name_the_images_version() -> None:
    texts = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    named = [
        tag for text in texts for tag in re.findall(r"rtscore:(\d[\d.]*)-[cg]pu", text.read_text())
    ]
    assert len(named) > 5
    assert set(named) == {PROJECT["version"]}
