"""The files of `rtscore-convert faq`, read and prepared."""

import argparse
import logging
from pathlib import Path

from rich.console import Console

from converters.export import ConversionError
from converters.faq import data, prepare, steps
from converters.faq.prepared import Prepared

_log = logging.getLogger("rtscore.convert")


def gather(arguments: argparse.Namespace) -> Prepared:
    """What the files of the command line hold, prepared and described; raises ConversionError."""
    options = prepare.Options.of(arguments)
    if arguments.plot and not (arguments.test or options.split):
        raise ConversionError("--plot needs --test or --split")
    if options.split and not arguments.duplicates:
        raise ConversionError("--split draws a test from --duplicates, which are not given")
    if arguments.no_match_test and not arguments.test:
        raise ConversionError("--no-match-test needs --test")
    entries = data.read_originals(arguments.originals)
    orphans: list[str] | None = [] if options.drop_orphans else None

    def duplicates(path: Path | None) -> list[data.Duplicate]:
        return data.read_duplicates(path, entries, orphans=orphans) if path else []

    def questions(path: Path | None) -> list[str]:
        return data.read_questions(path) if path else []

    asked = prepare.prepare(
        entries,
        duplicates(arguments.duplicates),
        questions(arguments.no_match),
        options,
        test=duplicates(arguments.test),
        no_match_test=questions(arguments.no_match_test),
        orphans=orphans or (),
    )
    if asked.report:
        Console().print(steps.table(asked.report))
    _describe(asked)
    return asked


def _describe(asked: Prepared) -> None:
    duplicates = [*asked.duplicates, *asked.test]
    _log.info(
        "%d entries, %d of them with duplicates; %d duplicates, which share %.0f %% of their words "
        "with their originals; %d questions without an entry",
        len(asked.entries),
        len({duplicate.entry for duplicate in duplicates}),
        len(duplicates),
        100 * data.word_overlap(asked.entries, duplicates),
        len(asked.no_match) + len(asked.no_match_test),
    )
    if repeats := data.repeated(asked.entries, duplicates):
        _log.warning("%d texts are there more than once, such as %r", len(repeats), repeats[0])
