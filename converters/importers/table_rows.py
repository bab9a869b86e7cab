"""Rows of questions and answers to entries and duplicates."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from converters.export import ConversionError
from converters.faq.data import Duplicate
from converters.faq.html import to_text
from converters.faq.markdown import to_markdown
from converters.faq.prepare import normal
from converters.faq.steps import Step
from converters.faq.tables import cell
from server.contract import Entry


@dataclass(frozen=True)
class Layout:
    """What the columns are, in lower case (`answer` and `id` empty: none), and how to read them."""

    question: str
    answer: str = ""
    id: str = ""
    alternatives: tuple[str, ...] = ()
    separator: str = "\n"
    html: bool = False
    same_answer: bool = False


@dataclass
class TableRows:
    """Entries and duplicates of the rows of `path` that were taken so far."""

    path: Path
    layout: Layout
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
        question = self._text(row.get(self.layout.question, ""))
        answer = row.get(self.layout.answer, "").strip()
        answer = to_markdown(answer) if self.layout.html else answer
        if not question and not answer:
            self._blank += 1
            return
        if not question:
            raise ConversionError(f"{self.path}:{line}: {self.layout.question} is empty")
        place = self._asked.get(normal(question))
        if place is not None:
            self._check_answer(line, place, answer)
            self._again.append(question)
        elif self.layout.same_answer and answer in self._answered:
            place = self._answered[answer]
            self._add_duplicate(question, place)
        else:
            place = self._add_entry(line, row, question, answer)
        self._asked[normal(question)] = place
        for column in self.layout.alternatives:
            content = row.get(column, "")
            lines = self.layout.separator == "\n"
            for text in content.splitlines() if lines else content.split(self.layout.separator):
                self._add_duplicate(self._text(text), place)

    def report(self) -> tuple[Step, ...]:
        """What was left out."""
        left = len(self.entries)
        return (
            Step("neither question nor answer: left out", "rows", self._blank, left),
            Step.of("the same question and answer again", "rows", self._again, left),
        )

    def _text(self, cell_text: str) -> str:
        return to_text(cell_text) if self.layout.html else cell_text.strip()

    def _check_answer(self, line: int, place: int, answer: str) -> None:
        if answer and answer != (self.entries[place].answer or ""):
            raise ConversionError(
                f"{self.path}:{line}: line {self._lines[place]} asks the same, but has another "
                "answer; keep one of them"
            )

    def _add_entry(self, line: int, row: dict[str, str], question: str, answer: str) -> int:
        id_ = (
            cell(self.path, line, row, self.layout.id).strip()
            if self.layout.id
            else _made_id(question)
        )
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
