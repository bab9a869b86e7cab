"""`rtscore-convert import`: a FAQ from elsewhere, to the files that `rtscore-convert faq` reads."""

import argparse
import logging
from pathlib import Path
from typing import Protocol

from rich.console import Console

from converters.arguments import count
from converters.export import ConversionError
from converters.faq import prepare, steps
from converters.importers import files, stackexchange, table, triple
from converters.importers.imported import Imported

HELP = "A FAQ from a table, a Stack Exchange dump or the classic TSV files: to files for 'faq'."
_log = logging.getLogger("rtscore.convert")


class Importer(Protocol):
    """What a kind's module offers: its arguments and the reading itself."""

    HELP: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the kind's own arguments."""

    def read(self, arguments: argparse.Namespace) -> Imported:
        """Read what the arguments name; raises ConversionError."""


IMPORTERS: dict[str, Importer] = {
    "table": table,
    "stackexchange": stackexchange,
    "triple": triple,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the kinds."""
    kinds = parser.add_subparsers(title="kinds", dest="kind", required=True, metavar="KIND")
    for name, importer in IMPORTERS.items():
        kind = kinds.add_parser(name, help=importer.HELP, description=importer.HELP)
        importer.add_arguments(kind)
        prepare.add_arguments(kind)
        kind.add_argument(
            "--seed", type=count, default=0, help="of everything random, from 0 (default: 0)"
        )
        kind.add_argument(
            "-o", "--output", type=Path, required=True, metavar="FOLDER", help="where to write"
        )


def convert(arguments: argparse.Namespace) -> None:
    """Read, prepare, write and report; raises ConversionError."""
    files.check(arguments.output)
    found = IMPORTERS[arguments.kind].read(arguments)
    if len(found.entries) < 2:
        raise ConversionError(f"found {len(found.entries)} entries, and a FAQ needs two")
    data = prepare.prepare(
        found.entries,
        found.duplicates,
        found.no_match,
        prepare.Options.of(arguments),
        test=found.test,
        orphans=found.orphans,
        before=[step for step in found.report if step.count],
    )
    written = files.write(arguments.output, data)
    Console().print(steps.table(data.report))
    for path in written:
        _log.info("%s", path)
    _log.info(
        "%d entries, %d of them with duplicates to train on; %d duplicates, %d of them for the "
        "test; %d questions without an entry",
        len(data.entries),
        len({one.entry for one in data.duplicates}),
        len(data.duplicates) + len(data.test),
        len(data.test),
        len(data.no_match) + len(data.no_match_test),
    )
