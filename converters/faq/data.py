"""Read a FAQ and its duplicates from the tables of `converters.faq.tables`.

Errors name file and line. Originals have the columns `id`, `text` and, where there is one,
`answer`; duplicates `id`, `original_id` and `text`; questions without an entry `text` alone.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from converters.export import ConversionError
from converters.faq.tables import rows
from server.contract import Entry

T = TypeVar("T")


@dataclass(frozen=True)
class Duplicate:
    """Another way to ask the entry at index `entry`; `id` is the file's own, where it has one."""

    text: str
    entry: int
    id: str = field(default="", compare=False)


def read_originals(path: Path) -> list[Entry]:
    """The entries of a FAQ, at least two, in the file's order."""
    entries: dict[str, Entry] = {}
    for line, row in rows(path, ("id", "text")):
        if row["id"] in entries:
            raise ConversionError(f"{path}:{line}: the id {row['id']!r} is there twice")
        answer = row.get("answer", "")
        entries[row["id"]] = Entry(
            id=row["id"], question=row["text"], answer=answer if answer.strip() else None
        )
    if len(entries) < 2:
        raise ConversionError(f"{path}: a FAQ needs at least two entries")
    return list(entries.values())


def read_duplicates(
    path: Path, entries: Sequence[Entry], orphans: list[str] | None = None
) -> list[Duplicate]:
    """The duplicates of `entries`, at least one.

    The texts of those whose original is not among `entries` are added to `orphans`; without that
    list they are an error.
    """
    index = {entry.id: number for number, entry in enumerate(entries)}
    seen: set[str] = set()
    duplicates = []
    for line, row in rows(path, ("id", "original_id", "text")):
        if row["id"] in seen:
            raise ConversionError(f"{path}:{line}: the id {row['id']!r} is there twice")
        seen.add(row["id"])
        if row["original_id"] in index:
            duplicates.append(Duplicate(row["text"], index[row["original_id"]], row["id"]))
        elif orphans is not None:
            orphans.append(row["text"])
        else:
            raise ConversionError(
                f"{path}:{line}: original_id {row['original_id']!r} is no id of the originals"
            )
    return _some(duplicates, path)


def read_questions(path: Path) -> list[str]:
    """Questions that no entry answers, at least one."""
    return _some([row["text"] for _, row in rows(path, ("text",))], path)


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
