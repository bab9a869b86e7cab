"""What is sent: questions and pictures from files, or questions made up here."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, cycle, product
from pathlib import Path

FAQ = "/v1/faq"
CLASSIFY = "/v1/classify"

MEDIA_TYPES = {
    ".bmp": "image/bmp",
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".webp": "image/webp",
}

_OPENINGS = ("How do I", "What is the best way to", "Is there a short way to", "Can I")
_ACTIONS = ("compare", "copy", "sort", "filter", "print", "iterate over", "convert", "merge")
_THINGS = (
    "two arrays", "nested objects", "dates", "long strings", "a Map", "promises", "JSON", "modules",
)  # fmt: skip


class InputError(Exception):
    """A file or folder that gives nothing to send; the message says what to change."""


@dataclass(frozen=True)
class Input:
    """One request's route and body."""

    route: str
    media_type: str
    body: bytes


def made_up_questions() -> list[Input]:
    """256 distinct questions about JavaScript, which the default FAQ is about."""
    return [_question(f"{' '.join(words)}?") for words in product(_OPENINGS, _ACTIONS, _THINGS)]


def read_questions(path: Path) -> list[Input]:
    """The distinct questions of a file: its lines, or the column `text` of TSV, CSV, JSON Lines."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text; a file of questions is") from None
    except OSError as error:
        raise InputError(f"can't read {path}: {error.strerror}") from error
    try:
        questions = dict.fromkeys(filter(None, map(str.strip, _texts(path, text))))
    except (csv.Error, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} is no {path.suffix} file with a column 'text'") from error
    if not questions:
        raise InputError(f"there is no question in {path}")
    return [_question(question) for question in questions]


def read_pictures(folder: Path) -> list[Input]:
    """The distinct pictures that lie in a folder, by their suffix."""
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in MEDIA_TYPES)
        pictures = dict.fromkeys(
            Input(CLASSIFY, MEDIA_TYPES[path.suffix.lower()], path.read_bytes()) for path in paths
        )
    except OSError as error:
        raise InputError(f"can't read {error.filename}: {error.strerror}") from error
    if not pictures:
        raise InputError(f"there is no picture in {folder} ({', '.join(MEDIA_TYPES)})")
    return list(pictures)


def endless(kinds: Sequence[Iterable[Input]]) -> Iterator[Input]:
    """One input of each kind in turn; each kind starts again at its end."""
    return chain.from_iterable(zip(*map(cycle, kinds), strict=True))


def _question(text: str) -> Input:
    return Input(FAQ, "application/json", json.dumps({"question": text}).encode())


def _texts(path: Path, text: str) -> Iterator[str]:
    # Not splitlines(): a question may hold U+2028 and its kin.
    lines = text.split("\n")
    match path.suffix.lower():
        case ".tsv":
            rows: Iterator[dict[str, str]] = csv.DictReader(
                lines, delimiter="\t", quoting=csv.QUOTE_NONE
            )
        case ".csv":
            rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        case ".jsonl":
            rows = (json.loads(line) for line in lines if line.strip())
        case _:
            return iter(lines)
    return (row["text"] for row in rows)
