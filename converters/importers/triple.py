"""The TSV files of the classic reference architecture: questions, duplicates to train and to test.

As pandas writes them: `Id`, `AnswerId`, `Text0` (HTML), `CreationDate` and `Text` (cleaned, in
lower case), cells in quotes where they need it. A duplicate belongs to the question with the same
`AnswerId`. Instead of duplicates to train on, the pairs made of them will do (`Id_x`,
`AnswerId_x`, `Text_x`, `AnswerId_y`, ...): of each duplicate, its pairs are one record.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from converters.export import ConversionError
from converters.faq.data import Duplicate
from converters.faq.html import to_text
from converters.faq.markdown import to_markdown
from converters.faq.steps import Step
from converters.faq.tables import cell, read_quoted
from converters.importers.imported import Imported
from server.contract import Entry

HELP = "The classic reference architecture's TSV files: questions.tsv, dupes_train.tsv and so on."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the files."""
    files = (
        ("--questions", True, "the originals: Id, AnswerId, Text"),
        ("--train", True, "duplicates to train on: Id, AnswerId, Text; or pairs: Id_x, ..."),
        ("--test", False, "duplicates to test on: Id, AnswerId, Text"),
        ("--answers", False, "the answers: Id (the others' AnswerId), Text0"),
    )
    for flag, required, meaning in files:
        parser.add_argument(flag, type=Path, required=required, metavar="FILE", help=meaning)
    parser.add_argument(
        "--raw",
        action="store_true",
        help="take the text from Text0, its HTML removed here, which keeps capital letters",
    )


def read(arguments: argparse.Namespace) -> Imported:
    """The files' FAQ; raises ConversionError."""
    answers = _answers(arguments.answers) if arguments.answers else {}
    questions = _Questions(arguments.raw, arguments.drop_orphans)
    entries = questions.entries(arguments.questions, answers)
    train = questions.duplicates(arguments.train)
    test = questions.duplicates(arguments.test) if arguments.test else []
    return Imported(
        entries, questions.joined + train, test, [], questions.orphans, questions.report()
    )


@dataclass
class _Questions:
    """Reads the files; `places` are those of the entries by AnswerId."""

    raw: bool
    drop_orphans: bool
    places: dict[str, int] = field(default_factory=dict)
    joined: list[Duplicate] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def entries(self, path: Path, answers: dict[str, str]) -> list[Entry]:
        """The originals; one more question with a known answer is a duplicate of the first."""
        entries: list[Entry] = []
        for id_, answer_id, text in self._records(path):
            if answer_id in self.places:
                self.joined.append(Duplicate(text, self.places[answer_id], id_))
            else:
                self.places[answer_id] = len(entries)
                entries.append(Entry(id=id_, question=text, answer=answers.get(answer_id)))
        return entries

    def duplicates(self, path: Path) -> list[Duplicate]:
        """Duplicates of the entries."""
        return [
            Duplicate(text, self.places[answer_id], id_)
            for id_, answer_id, text in self._records(path, known=self.places)
        ]

    def report(self) -> tuple[Step, ...]:
        """What was not taken as it stands."""
        left = len(self.seen)
        joined = [one.text for one in self.joined]
        return (
            Step.of("the same Id again: left out", "records", self.again, left),
            Step.of(
                "of an earlier one's answer: duplicates", "questions", joined, len(self.places)
            ),
        )

    def _records(
        self, path: Path, known: dict[str, int] | None = None
    ) -> Iterator[tuple[str, str, str]]:
        """Id, AnswerId and text of each record that is new; of `known` answers where given."""
        for line, row in read_quoted(path, "\t"):
            suffix = "_x" if "id_x" in row else ""
            if suffix and cell(path, line, row, "answerid_y") != row.get("answerid_x"):
                continue
            id_, answer_id = (
                cell(path, line, row, f"{name}{suffix}").strip() for name in ("id", "answerid")
            )
            text = self._text(path, line, row, suffix)
            if id_ in self.seen:
                self.again += [] if suffix else [text]
            elif known is not None and answer_id not in known:
                self._orphan(path, line, answer_id, text)
            else:
                self.seen.add(id_)
                yield id_, answer_id, text

    def _text(self, path: Path, line: int, row: dict[str, str], suffix: str) -> str:
        if not self.raw:
            return cell(path, line, row, f"text{suffix}").strip()
        text = to_text(cell(path, line, row, "text0"), drop_quotes=("possible duplicate",))
        if not text:
            raise ConversionError(f"{path}:{line}: nothing is left of text0 without its HTML")
        return text

    def _orphan(self, path: Path, line: int, answer_id: str, text: str) -> None:
        if not self.drop_orphans:
            raise ConversionError(
                f"{path}:{line}: no question has the AnswerId {answer_id!r}; --drop-orphans leaves "
                "such duplicates out"
            )
        self.orphans.append(text)


def _answers(path: Path) -> dict[str, str]:
    found = {}
    for line, row in read_quoted(path, "\t"):
        html = row.get("text0") or cell(path, line, row, "text")
        if answer := to_markdown(html):
            found[cell(path, line, row, "id").strip()] = answer
    return found
