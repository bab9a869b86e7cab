"""docs/faq.md against the code: its walk is run, its options and numbers are those of the code."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from converters.faq.calibrate import LEAST
from converters.faq.folds import FOLDS
from converters.faq.meanings import MEANINGS
from converters.faq.model import CANDIDATES, FEW, TRAINABLE
from converters.faq.semantic import MOST_TEXTS
from server.codec.faq import FaqRequest
from server.tokenizer import MAX_TERMS
from tests.live import LiveServer

DOCS = Path(__file__).parent.parent / "docs"
TEXT = (DOCS / "faq.md").read_text(encoding="utf-8")
SCRIPTS = Path(sys.executable).parent
_FIGURES = re.compile(r"[0-9a-f]{12}|\d+(?:\.\d+)?(?:e-\d+)?")
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(kind: str) -> list[str]:
    return [text for name, text in _BLOCK.findall(TEXT) if name == kind]


def console() -> Iterator[tuple[list[str], list[str]]]:
    """The words of each command of the walk, and the lines that it is said to print."""
    for block in blocks("console"):
        for part in block.removeprefix("$ ").split("\n$ "):
            lines = part.replace("\\\n", " ").splitlines()
            yield shlex.split(lines[0]), lines[1:]


def shape(line: str) -> str:
    """A line of output without its figures, frames and widths."""
    return " ".join(_FIGURES.sub("#", line.replace("│", " ")).split())


def asked(url: str, curl: list[str]) -> dict[str, Any]:
    """What the server at `url` answers to the `curl` of the walk."""
    assert curl[:3] == ["curl", "-s", "http://127.0.0.1:8000/v1/faq"]
    assert curl[3::2] == ["-H", "-d"]
    name, kind = curl[4].split(": ")
    answer = httpx.post(f"{url}/v1/faq", headers={name: kind}, content=curl[6], timeout=60)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def run(command: list[str], folder: Path) -> str:
    done = subprocess.run(
        [SCRIPTS / command[0], *command[1:]],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A clean folder with the files that the walk has."""
    (tmp_path / "shop-faq.csv").write_bytes((DOCS / "shop-faq.csv").read_bytes())
    (tmp_path / "new.csv").write_text(blocks("csv")[0], encoding="utf-8")
    (tmp_path / "train.py").write_text(blocks("python")[0], encoding="utf-8")
    return tmp_path


def test_the_walk_runs_as_it_is_printed(folder: Path) -> None:
    url = ""
    with ExitStack() as stack:
        for command, printed in console():
            if command[0] == "rtscore":
                assert command[1:] == ["--faq-model", "meaning.onnx", "--image-model="]
                settings = {"faq_model": folder / "meaning.onnx", "image_model": "", "port": 0}
                url = stack.enter_context(LiveServer(settings)).url
            elif command[0] == "curl":
                answer, said = asked(url, command), "".join(printed)
                assert answer["matched"] == ('"matched":true' in said)
                assert f'"id":"{answer["matches"][0]["id"]}"' in said
            else:
                output = {shape(line) for line in run(command, folder).splitlines()}
                assert {shape(line) for line in printed} <= output
    assert (folder / "report.html").exists()


def test_every_option_that_it_names_is_there() -> None:
    helps = ("faq", "evaluate", "sklearn", "import table", "import stackexchange", "import triple")
    known = {"--faq-model", "--image-model"}
    for name in helps:
        known |= set(re.findall(r"--[a-z-]+", run(["rtscore-convert", *name.split(), "-h"], DOCS)))
    assert set(re.findall(r"--[a-z][a-z-]+", TEXT)) <= known


def test_it_explains_every_figure() -> None:
    section = TEXT.partition("## What each figure means")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == set(MEANINGS)


def test_its_limits_are_those_of_the_code() -> None:
    text = " ".join(TEXT.split())
    longest = FaqRequest.model_json_schema()["properties"]["question"]["maxLength"]
    assert f"at most {longest:,} characters" in text
    assert f"the first {MAX_TERMS:,} distinct known terms" in text
    assert f"only the {CANDIDATES:,} best entries" in text
    assert f"| up to {FEW} |" in text
    assert f"at most {TRAINABLE // 1_000_000} million" in text
    assert f"Above {MOST_TEXTS:,} texts" in text
    assert f"fewer than {LEAST} duplicates" in text
    assert {10: "Ten-fold cross-validation"}[FOLDS] in text


def test_its_links_lead_somewhere() -> None:
    headings = re.findall(r"^#+ (.*)$", TEXT, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings}
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        assert target[1:] in anchors if target[0] == "#" else (DOCS / target).exists(), target
