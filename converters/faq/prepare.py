"""Prepare a FAQ's questions for training: each step an option, each with its count.

Without options nothing changes.
"""

import argparse
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Self

from converters.arguments import count, share
from converters.export import ConversionError
from converters.faq.data import Duplicate
from converters.faq.prepared import Prepared
from converters.faq.split import split
from converters.faq.steps import Step
from server.contract import Entry

DROP, NO_MATCH = "drop", "no-match"


@dataclass(frozen=True)
class Options:
    """What to do; the defaults do nothing. `drop_repeated` None: where `split` is asked for."""

    drop_orphans: bool = False
    drop_repeated: bool | None = None
    min_length: int = 0
    min_duplicates: int = 0
    fallen: str = DROP
    split: float | None = None
    seed: int = 0

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> Self:
        """The options that `add_arguments` declared, and `--seed`, which the command declares."""
        return cls(**{field.name: getattr(arguments, field.name) for field in fields(cls)})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options, all but `--seed`."""
    group = parser.add_argument_group("preparation", "Steps in this order; each is counted.")
    group.add_argument(
        "--drop-orphans", action="store_true", help="drop duplicates whose original is not there"
    )
    group.add_argument(
        "--drop-repeated",
        action=argparse.BooleanOptionalAction,
        help="drop duplicates that repeat another one, an entry's own question or a test question, "
        "and every copy of one that stands under several entries (default: with --split alone)",
    )
    counts = (
        ("--min-length", "drop entries and questions of fewer than N characters"),
        ("--min-duplicates", "drop entries with fewer than N duplicates"),
    )
    for flag, meaning in counts:
        group.add_argument(flag, type=count, default=0, metavar="N", help=meaning)
    group.add_argument(
        "--fallen",
        choices=(DROP, NO_MATCH),
        default=DROP,
        help="what becomes of the questions of entries dropped by the last two: dropped too, or "
        "taken as questions that no entry answers (default: drop)",
    )
    group.add_argument(
        "--split",
        type=share,
        metavar="SHARE",
        help="set this share of each entry's duplicates aside as a test, at least one of each "
        "entry, drawn by --seed, and the same share of the questions that no entry answers",
    )


def prepare(
    entries: Sequence[Entry],
    duplicates: Sequence[Duplicate],
    no_match: Sequence[str],
    options: Options,
    *,
    test: Sequence[Duplicate] = (),
    no_match_test: Sequence[str] = (),
    orphans: Sequence[str] = (),
    before: Sequence[Step] = (),
) -> Prepared:
    """Take the steps that `options` ask for.

    `orphans` are what `read_duplicates` set apart; the report goes on from `before`. A given
    `test` is passed through, less the duplicates of entries that fall away. Raises ConversionError
    where too little is left, or where a test is given and `options` ask for another.
    """
    if options.split and (test or no_match_test):
        raise ConversionError("--split draws a test: leave out --split, or the test that is given")
    data = Prepared(
        list(entries), list(duplicates), list(test), list(no_match), list(no_match_test)
    ).reported(*before)
    if options.drop_orphans:
        data = data.reported(
            Step.of("orphans", "duplicates", orphans, len(duplicates), "--drop-orphans")
        )
    if options.drop_repeated or (options.drop_repeated is None and options.split):
        data = _without_repeated(data)
    if options.min_length:
        data = _without_short(data, options)
    if options.min_duplicates:
        data = _without_rare(data, options)
    if options.split:
        data = _split(data, options.split, options.seed)
    _check(data, duplicates)
    return data


def normal(text: str) -> str:
    """A text without regard to case, width, spaces and the marks at its end."""
    folded = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return folded.rstrip(" ?!.…") or folded


def _without_repeated(data: Prepared) -> Prepared:
    option = "--drop-repeated"
    asked = {normal(entry.question) for entry in data.entries}
    tested = {normal(one.text) for one in data.test}
    labels = Counter(text for text, _ in {(normal(one.text), one.entry) for one in data.duplicates})

    steps: tuple[tuple[str, Callable[[str], bool]], ...] = (
        ("an entry's own question", lambda text: normal(text) not in asked),
        ("under several entries", lambda text: labels[normal(text)] == 1),
        ("the same text again", _first()),
        ("in the test too", lambda text: normal(text) not in tested),
    )
    for name, wanted in steps:
        data = data.keep_duplicates(wanted, name, option)
    matched = asked | tested | labels.keys()
    data = data.keep_no_match(lambda text: normal(text) not in matched, "has an entry", option)
    return data.keep_no_match(_first(), "the same text again", option)


def _first() -> Callable[[str], bool]:
    """Whether a text is the first of those that are normally the same."""
    seen: set[str] = set()

    def first(text: str) -> bool:
        known = len(seen)
        seen.add(normal(text))
        return len(seen) > known

    return first


def _without_short(data: Prepared, options: Options) -> Prepared:
    option = f"--min-length {options.min_length}"

    def enough(text: str) -> bool:
        return len(text.strip()) >= options.min_length

    kept = [number for number, entry in enumerate(data.entries) if enough(entry.question)]
    return (
        data.keep_entries(kept, "too short", option, to_no_match=options.fallen == NO_MATCH)
        .keep_duplicates(enough, "too short", option)
        .keep_no_match(enough, "too short", option)
    )


def _without_rare(data: Prepared, options: Options) -> Prepared:
    counts = Counter(one.entry for one in (*data.duplicates, *data.test))
    return data.keep_entries(
        [number for number in range(len(data.entries)) if counts[number] >= options.min_duplicates],
        "too few duplicates",
        f"--min-duplicates {options.min_duplicates}",
        to_no_match=options.fallen == NO_MATCH,
    )


def _split(data: Prepared, wanted: float, seed: int) -> Prepared:
    duplicates, no_match = data.duplicates, data.no_match
    texts = [one.text for one in duplicates]
    train, test = split(duplicates, texts, [one.entry for one in duplicates], wanted, seed)
    ours, theirs = split(no_match, no_match, [0] * len(no_match), wanted, seed)
    option = f"--split {wanted:g} --seed {seed}"
    return replace(data, duplicates=train, test=test, no_match=ours, no_match_test=theirs).reported(
        Step.of("to the test", "duplicates", [one.text for one in test], len(train), option),
        Step.of("to the test", "no-match questions", theirs, len(ours), option),
    )


def _check(data: Prepared, before: Sequence[Duplicate]) -> None:
    if len(data.entries) < 2:
        raise ConversionError(
            f"preparation leaves {len(data.entries)} entries, and a FAQ needs two: lower "
            "--min-length or --min-duplicates"
        )
    if before and not data.duplicates:
        raise ConversionError("preparation leaves no duplicate to train on: ask for less of it")
