"""The files that `rtscore-convert faq` reads, written from what an importer found."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from converters.export import ConversionError
from converters.faq.data import Duplicate
from converters.faq.prepared import Prepared
from converters.faq.steps import as_dicts
from server.contract import Entry

REPORT = "report.json"
_NAMES = ("originals", "duplicates", "test", "no_match", "no_match_test")
_FILES = {name: f"{name}.jsonl" for name in _NAMES}


def check(folder: Path) -> None:
    """Raise ConversionError where a file that may be written is there already."""
    for name in (*_FILES.values(), REPORT):
        if (folder / name).exists():
            raise ConversionError(f"{folder / name} is there already; name another folder by -o")


def write(folder: Path, data: Prepared) -> list[Path]:
    """Write a file for each kind of question that `data` has, and the report; their paths."""
    check(folder)
    folder.mkdir(parents=True, exist_ok=True)
    kinds: Mapping[str, Iterable[Mapping[str, str | None]]] = {
        "originals": map(_entry, data.entries),
        "duplicates": _duplicates(data.duplicates, data.entries, "d"),
        "test": _duplicates(data.test, data.entries, "t"),
        "no_match": ({"text": text} for text in data.no_match),
        "no_match_test": ({"text": text} for text in data.no_match_test),
    }
    written = [folder / REPORT]
    report = json.dumps(as_dicts(data.report), indent=1, ensure_ascii=False)
    written[0].write_text(report + "\n", encoding="utf-8", newline="\n")
    for name, records in kinds.items():
        if lines := [json.dumps(record, ensure_ascii=False) for record in records]:
            path = folder / _FILES[name]
            path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
            written.append(path)
    return written


def _entry(entry: Entry) -> dict[str, str | None]:
    return {"id": entry.id, "text": entry.question, "answer": entry.answer}


def _duplicates(
    found: Sequence[Duplicate], entries: Sequence[Entry], prefix: str
) -> Iterable[dict[str, str | None]]:
    for number, one in enumerate(found, start=1):
        yield {
            "id": one.id or f"{prefix}{number}",
            "original_id": entries[one.entry].id,
            "text": one.text,
        }
