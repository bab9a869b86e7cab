"""A small FAQ for tests: a few entries, other ways to ask them, and questions that none answers."""

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from converters.faq.data import Duplicate
from server.contract import Entry

_TOPICS = (
    (("sort", "order"), "array", "`values.sort((a, b) => a - b)`"),
    (("compare", "match"), "dates", "Compare `a.getTime()` with `b.getTime()`."),
    (("join", "concatenate"), "strings", None),
    (("parse", "decode"), "json", "`JSON.parse(text)`; it throws a `SyntaxError`."),
    (("clone", "copy"), "object", "`structuredClone(value)`"),
    (("delay", "postpone"), "call", "`setTimeout(call, 100)`"),
    (("round", "truncate"), "number", "`Math.round(x)` or `Math.trunc(x)`"),
    (("reverse", "flip"), "list", "`values.reverse()`"),
    (("read", "load"), "file", "`await readFile(path)`"),
    (("remove", "delete"), "element", "`element.remove()`"),
)
_FAR = (
    ("boil", "egg"),
    ("paint", "wall"),
    ("feed", "cat"),
    ("drive", "truck"),
    ("knit", "scarf"),
)
_WAYS = (
    "how to {verb} {noun}",
    "I can't {verb} this {noun}...",
    "{noun}: {verb} it, please?",
    "what is the best way to {verb} a {noun} here",
    "tried to {verb} the {noun} but nothing happened",
    "is there a function that would {verb} my {noun}",
    "{verb} {noun} in one line",
    "cannot {verb} any {noun} since yesterday!",
)
ENTRIES = tuple(
    Entry(id=f"{verbs[0]}-{noun}", question=f"How do I {verbs[0]} the {noun}?", answer=answer)
    for verbs, noun, answer in _TOPICS
)
DUPLICATES = tuple(
    Duplicate(way.format(verb=verbs[number % 2], noun=noun), entry)
    for entry, (verbs, noun, _) in enumerate(_TOPICS)
    for number, way in enumerate(_WAYS)
)
NO_MATCH = tuple(
    way.format(verb=verb, noun=noun) for way, (verb, noun) in itertools.product(_WAYS, _FAR)
)


def duplicates(entries: int, each: int | Sequence[int] = len(_WAYS)) -> list[Duplicate]:
    """Duplicates of the first `entries` entries: `each` of every one, or as many as it says."""
    most = [each] * entries if isinstance(each, int) else each
    found: list[Duplicate] = []
    for entry in range(entries):
        found += [one for one in DUPLICATES if one.entry == entry][: most[entry]]
    return found


def write_jsonl(path: Path, records: Iterable[Mapping[str, str | None]]) -> Path:
    """`records` as JSON Lines."""
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def write_originals(path: Path, entries: Sequence[Entry]) -> Path:
    """`entries` as a file of originals."""
    return write_jsonl(
        path,
        ({"id": one.id, "text": one.question, "answer": one.answer} for one in entries),
    )


def write_duplicates(path: Path, found: Sequence[Duplicate]) -> Path:
    """`found`, duplicates of ENTRIES, as a file."""
    return write_jsonl(
        path,
        (
            {"id": str(number), "original_id": ENTRIES[one.entry].id, "text": one.text}
            for number, one in enumerate(found)
        ),
    )


def write_questions(path: Path, texts: Iterable[str]) -> Path:
    """`texts` as a file of questions."""
    return write_jsonl(path, ({"text": text} for text in texts))
