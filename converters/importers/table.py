"""Any table of questions and answers that an owner of a FAQ has."""

import argparse
import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from converters.export import ConversionError
from converters.faq.data import Duplicate
from converters.faq.html import to_text
from converters.faq.markdown import to_markdown
from converters.faq.prepare import normal
from converters.faq.steps import Step
from converters.faq.tables import cell, column_name
from converters.faq.tables import read as read_rows
from converters.importers.imported import Imported
from server.contract import Entry

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
    faq = _Faq(
        path,
        _column(path, columns, "question", arguments.question),
        _column(path, columns, "answer", arguments.answer),
        _column(path, columns, "id", arguments.id),
        [_named(path, columns, name) for name in arguments.alternatives],
        separator=arguments.separator,
        html=arguments.html,
        same_answer=arguments.same_answer,
    )
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


@dataclass
class _Faq:
    """Entries and duplicates, as far as the rows were taken."""

    path: Path
    question: str
    answer: str
    id: str
    alternatives: list[str]
    separator: str
    html: bool
    same_answer: bool
    entries: list[Entry] = field(default_factory=list)
    duplicates: list[Duplicate] = field(default_factory=list)
    _lines: list[int] = field(default_factory=list)  # of the entries
    _asked: dict[str, int] = field(default_factory=dict)  # entries by question
    _answered: dict[str, int] = field(default_factory=dict)  # entries by answer
    _ids: set[str] = field(default_factory=set)
    _blank: int = 0
    _again: list[str] = field(default_factory=list)

    def take(self, line: int, row: dict[str, str]) -> None:
        """One row: an entry, or more ways to ask one that is there."""
        question = self._text(row.get(self.question, ""))
        answer = row.get(self.answer, "").strip()
        answer = to_markdown(answer) if self.html else answer
        if not question and not answer:
            self._blank += 1
            return
        if not question:
            raise ConversionError(f"{self.path}:{line}: {self.question} is empty")
        place = self._asked.get(normal(question))
        if place is not None:
            self._check_answer(line, place, answer)
            self._again.append(question)
        elif self.same_answer and answer in self._answered:
            place = self._answered[answer]
            self._add_duplicate(question, place)
        else:
            place = self._add_entry(line, row, question, answer)
        self._asked[normal(question)] = place
        for column in self.alternatives:
            content = row.get(column, "")
            lines = self.separator == "\n"
            for text in content.splitlines() if lines else content.split(self.separator):
                self._add_duplicate(self._text(text), place)

    def report(self) -> tuple[Step, ...]:
        """What was left out."""
        left = len(self.entries)
        return (
            Step("neither question nor answer: left out", "rows", self._blank, left),
            Step.of("the same question and answer again", "rows", self._again, left),
        )

    def _text(self, cell_text: str) -> str:
        return to_text(cell_text) if self.html else cell_text.strip()

    def _check_answer(self, line: int, place: int, answer: str) -> None:
        if answer and answer != (self.entries[place].answer or ""):
            raise ConversionError(
                f"{self.path}:{line}: line {self._lines[place]} asks the same, but has another "
                "answer; keep one of them"
            )

    def _add_entry(self, line: int, row: dict[str, str], question: str, answer: str) -> int:
        id_ = cell(self.path, line, row, self.id).strip() if self.id else _made_id(question)
        if id_ in self._ids:
            raise ConversionError(f"{self.path}:{line}: the id {id_!r} is there twice")
        self._ids.add(id_)
        self._lines.append(line)
        self._answered.setdefault(answer, len(self.entries))
        self._answered.pop("", None)
        self.entries.append(Entry(id=id_, question=question, answer=answer or None))
        return len(self.entries) - 1

    def _add_duplicate(self, text: str, place: int) -> None:
        if text:
            number = len(self.duplicates) + 1
            self.duplicates.append(Duplicate(text, place, f"{self.entries[place].id}-{number}"))


def _made_id(question: str) -> str:
    """The same for the same question, whatever else is in the table."""
    return "q" + hashlib.sha256(normal(question).encode()).hexdigest()[:10]
