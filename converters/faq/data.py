"""Read a FAQ and its duplicates from TSV (no quoting), CSV or JSON Lines.

Errors name file and line. Originals have the columns `id`, `text` and, where there is one,
`answer`; duplicates `id`, `original_id` and `text`; questions without an entry `text` alone.
"""

import csv
import hashlib
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from converters.export import ConversionError
from server.contract import Entry

T = TypeVar("T")
Row = tuple[int, dict[str, str]]


@dataclass(frozen=True)
class Duplicate:
    """Another way to ask the entry at index `entry`."""

    text: str
    entry: int


def read_originals(path: Path) -> list[Entry]:
    """The entries of a FAQ, at least two, in the file's order."""
    entries: dict[str, Entry] = {}
    for line, row in _rows(path, ("id", "text")):
        if row["id"] in entries:
            raise ConversionError(f"{path}:{line}: the id {row['id']!r} is there twice")
        answer = row.get("answer", "")
        entries[row["id"]] = Entry(
            id=row["id"], question=row["text"], answer=answer if answer.strip() else None
        )
    if len(entries) < 2:
        raise ConversionError(f"{path}: a FAQ needs at least two entries")
    return list(entries.values())


def read_duplicates(path: Path, entries: Sequence[Entry]) -> list[Duplicate]:
    """The duplicates of `entries`, at least one."""
    index = {entry.id: number for number, entry in enumerate(entries)}
    seen: set[str] = set()
    duplicates = []
    for line, row in _rows(path, ("id", "original_id", "text")):
        if row["id"] in seen:
            raise ConversionError(f"{path}:{line}: the id {row['id']!r} is there twice")
        if row["original_id"] not in index:
            raise ConversionError(
                f"{path}:{line}: original_id {row['original_id']!r} is no id of the originals"
            )
        seen.add(row["id"])
        duplicates.append(Duplicate(row["text"], index[row["original_id"]]))
    return _some(duplicates, path)


def read_questions(path: Path) -> list[str]:
    """Questions that no entry answers, at least one."""
    return _some([row["text"] for _, row in _rows(path, ("text",))], path)


def sha256(path: Path) -> str:
    """The digest of a data file, for the provenance."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def words(text: str) -> list[str]:
    """The words of a text without regard to case and punctuation."""
    return re.findall(r"\w+", text.casefold())


def word_overlap(entries: Sequence[Entry], duplicates: Iterable[Duplicate]) -> float:
    """Mean share of a duplicate's distinct words that its original's question has too."""
    shares = [
        len(own & set(words(entries[duplicate.entry].question))) / len(own)
        for duplicate in duplicates
        if (own := set(words(duplicate.text)))
    ]
    return sum(shares) / max(1, len(shares))


def repeated(entries: Sequence[Entry], duplicates: Sequence[Duplicate]) -> list[str]:
    """Texts that are there more than once, originals included, by their words."""
    counts: dict[tuple[str, ...], int] = {}
    texts = [entry.question for entry in entries] + [duplicate.text for duplicate in duplicates]
    for text in texts:
        key = tuple(words(text)) or (text,)
        counts[key] = counts.get(key, 0) + 1
    return [text for text in texts if counts[tuple(words(text)) or (text,)] > 1]


def _some(found: list[T], path: Path) -> list[T]:
    if not found:
        raise ConversionError(f"{path}: there is not one record in it")
    return found


def _rows(path: Path, required: tuple[str, ...]) -> Iterator[Row]:
    """Number of the line and columns of each record, with `required` ones there and not blank."""
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise ConversionError(f"{path}: name it .tsv, .csv or .jsonl, after what is in it")
    for line, row in reader(path, _text(path)):
        for column in required:
            if column not in row:
                raise ConversionError(f"{path}:{line}: there is no column {column!r}")
            if not row[column].strip():
                raise ConversionError(f"{path}:{line}: {column} is empty")
        yield line, row


def _text(path: Path) -> str:
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConversionError(f"{path}:{line}: this is not UTF-8; save it as UTF-8") from error


def _tsv(path: Path, text: str) -> Iterator[Row]:
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    header = lines[0].split("\t")
    for number, line in enumerate(lines[1:], start=2):
        if line:
            yield number, _record(path, number, header, line.split("\t"))


def _csv(path: Path, text: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] = []
    try:
        for record in reader:
            if not header:
                header = record
            elif record:
                yield reader.line_num, _record(path, reader.line_num, header, record)
    except csv.Error as error:
        raise ConversionError(f"{path}:{reader.line_num}: {error}") from error


def _record(path: Path, line: int, header: list[str], values: list[str]) -> dict[str, str]:
    if len(values) != len(header):
        raise ConversionError(
            f"{path}:{line}: {len(values)} values, but the header names {len(header)} columns"
        )
    if len(set(header)) < len(header):
        raise ConversionError(f"{path}:1: the header names a column twice: {', '.join(header)}")
    return dict(zip(header, values, strict=True))


def _jsonl(path: Path, text: str) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ConversionError(f"{path}:{number}: this is not JSON: {error}") from error
        if not isinstance(record, dict):
            raise ConversionError(f"{path}:{number}: this is not a JSON object")
        row = {name: value for name, value in record.items() if value is not None}
        for name, value in row.items():
            if not isinstance(value, str):
                raise ConversionError(f"{path}:{number}: {name!r} is not a string")
            if any("\ud800" <= char <= "\udfff" for char in value):
                raise ConversionError(f"{path}:{number}: {name!r} has half a surrogate pair")
        yield number, row


_READERS: dict[str, Callable[[Path, str], Iterator[Row]]] = {
    ".tsv": _tsv,
    ".csv": _csv,
    ".jsonl": _jsonl,
}
