"""What a FAQ's report is made from."""

from collections.abc import Sequence
from dataclasses import dataclass

from converters.faq.answers import NO_ENTRY, Answers
from converters.faq.data import Duplicate
from converters.faq.steps import Step
from converters.report.section import Cell, short
from server.contract import Entry


@dataclass(frozen=True)
class Evidence:
    """What a report is made from.

    `answers` are to questions that the model was not trained on: those of a test, or by
    `cross_validated` models. `own` are those to the entries' own questions. `duplicates` are those
    that it was trained on; None where they are not known, as of a model's file.
    """

    entries: Sequence[Entry]
    threshold: float
    answers: Answers
    own: Answers | None = None
    duplicates: Sequence[Duplicate] | None = None
    steps: Sequence[Step] = ()
    cross_validated: bool = False

    def entry(self, index: int) -> Cell:
        """The question of the entry at `index`, with its id."""
        entry = self.entries[index]
        return Cell(short(entry.question), note=short(entry.id))

    def id(self, index: int) -> str:
        """The id of the entry at `index`, which may be NO_ENTRY."""
        return "no entry" if index == NO_ENTRY else short(self.entries[index].id)
