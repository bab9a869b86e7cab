"""Any table of questions and answers that an owner of a FAQ has."""

import argparse
from pathlib import Path

from converters.export import ConversionError
from converters.faq.tables import column_name
from converters.faq.tables import read as read_rows
from converters.importers.imported import Imported
from converters.importers.table_rows import Layout, TableRows

HELP = "A table of questions and answers: .csv (a spreadsheet's too), .tsv or .jsonl."
_NAMES = {
    "question": ("question", "questions", "q", "text", "title"),
    "answer": ("answer", "answers", "a", "response", "reply"),
    "id": ("id", "key", "number", "no"),
}
_MEANINGS = {
    "question": "the questions",
    "answer": "the answers, in Markdown",
    "id": "the entries' ids; made of the questions where there is no such column",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the file and its columns."""
    parser.add_argument("file", type=Path, metavar="FILE", help=".csv, .tsv or .jsonl")
    for what, meaning in _MEANINGS.items():
        default = f"default: the first that is there of {', '.join(_NAMES[what])}"
        parser.add_argument(f"--{what}", metavar="COLUMN", help=f"{meaning} ({default})")
    parser.add_argument(
        "--alternatives",
        nargs="+",
        default=(),
        metavar="COLUMN",
        help="other ways to ask, one a line of the cell: duplicates",
    )
    parser.add_argument(
        "--separator",
        default="\n",
        metavar="TEXT",
        help="what stands between such questions in a cell, where it is not a new line",
    )
    parser.add_argument(
        "--same-answer",
        action="store_true",
        help="rows with the same answer are one entry, their further questions its duplicates",
    )
    parser.add_argument(
        "--html", action="store_true", help="cells are HTML: to text, and answers to Markdown"
    )


def read(arguments: argparse.Namespace) -> Imported:
    """The file's FAQ; raises ConversionError."""
    path: Path = arguments.file
    if not arguments.separator:
        raise ConversionError("--separator is empty")
    rows = list(read_rows(path, lenient=True))
    if not rows:
        raise ConversionError(f"{path}: there is not one record in it")
    columns = list(dict.fromkeys(name for _, row in rows for name in row))
    layout = Layout(
        _column(path, columns, "question", arguments.question),
        _column(path, columns, "answer", arguments.answer),
        _column(path, columns, "id", arguments.id),
        tuple(_named(path, columns, name) for name in arguments.alternatives),
        separator=arguments.separator,
        html=arguments.html,
        same_answer=arguments.same_answer,
    )
    faq = TableRows(path, layout)
    for line, row in rows:
        faq.take(line, row)
    return Imported(faq.entries, faq.duplicates, report=faq.report())


def _column(path: Path, columns: list[str], what: str, named: str | None) -> str:
    """The column for `what`; empty where there is none and none is needed."""
    if named is not None:
        return _named(path, columns, named)
    found = next((name for name in _NAMES[what] if name in columns), "")
    if not found and what == "question":
        raise ConversionError(
            f"{path}: which column has the questions? Name it by --question; there are: "
            f"{', '.join(columns)}"
        )
    return found


def _named(path: Path, columns: list[str], name: str) -> str:
    if column_name(name) not in columns:
        raise ConversionError(
            f"{path}: there is no column {name!r}; there are: {', '.join(columns)}"
        )
    return column_name(name)
