"""docs/images.md: its commands and options are there, its links lead somewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from converters.image.preprocessing import PRESETS
from server.codec.picture import _DRAFT
from server.settings import Settings

DOCS = Path(__file__).parent.parent / "docs"
TEXT = (DOCS / "images.md").read_text(encoding="utf-8")
COMMANDS = ("keras", "tensorflow", "torch", "onnx", "inspect", "evaluate", "quantize")


@pytest.fixture(scope="module")
def helps() -> dict[str, str]:
    """What each command says of itself."""
    found = {}
    for name in COMMANDS:
        command = [sys.executable, "-m", "converters", name, "-h"]
        found[name] = subprocess.run(
            command, cwd=DOCS.parent, capture_output=True, text=True, check=True
        ).stdout
    return found


def options(text: str) -> set[str]:
    return set(re.findall(r"--[a-z][a-z-]+", text))


def test_every_command_has_the_options_that_it_is_shown_with(helps: dict[str, str]) -> None:
    shown = re.findall(r"rtscore-convert (\w+)((?:.*\\\n)*.*)", TEXT)
    assert {name for name, _ in shown} == set(COMMANDS)
    for name, rest in shown:
        assert options(rest) <= options(helps[name]), name


def test_every_option_that_it_names_is_there(helps: dict[str, str]) -> None:
    assert options(TEXT) <= options(" ".join(helps.values()))


def test_every_setting_that_it_names_is_there() -> None:
    named = set(re.findall(r"RTSCORE_(\w+)", TEXT))
    assert named
    assert {name.lower() for name in named} <= set(Settings.model_fields)


def test_every_preprocessing_is_explained() -> None:
    (row,) = [line for line in TEXT.splitlines() if line.startswith("| `--preprocessing`")]
    assert set(re.findall(r"`(\w+)`", row)) == set(PRESETS)


def test_it_says_how_many_pixels_are_left() -> None:
    assert {2: "leaves twice the pixels"}[_DRAFT] in " ".join(TEXT.split())


def test_its_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        assert (DOCS / target).exists(), target
