"""A section of a FAQ's report: a table of the first of many findings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from converters.faq.answers import NO_ENTRY, Answers
from converters.faq.data import Duplicate
from converters.faq.steps import Step
from server.contract import Entry

SHOWN = 30  # rows of a section
_LONGEST = 240  # characters of a text

T = TypeVar("T")


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

    def entry(self, index: int) -> "Cell":
        """The question of the entry at `index`, with its id."""
        entry = self.entries[index]
        return Cell(short(entry.question), note=short(entry.id))

    def id(self, index: int) -> str:
        """The id of the entry at `index`, which may be NO_ENTRY."""
        return "no entry" if index == NO_ENTRY else short(self.entries[index].id)


@dataclass(frozen=True)
class Cell:
    """A text with a note below it, or a list of texts."""

    text: str = ""
    note: str = ""
    items: tuple[str, ...] = ()
    number: bool = False


@dataclass(frozen=True)
class Section:
    """A table of the first of `total` findings."""

    id: str
    title: str
    about: str
    todo: str
    headers: tuple[str, ...]
    rows: list[list[Cell]]
    total: int

    @classmethod
    def of(
        cls,
        name: str,
        title: str,
        found: Sequence[T],
        row: Callable[[T], list[Cell]],
        about: str,
        todo: str,
        headers: tuple[str, ...],
    ) -> "Section":
        """The section that shows the first SHOWN of what was `found`, each as a `row`."""
        return cls(name, title, about, todo, headers, [*map(row, found[:SHOWN])], len(found))


def count(value: int) -> Cell:
    """A number of something."""
    return Cell(f"{value:,}", number=True)


def chance(value: float) -> Cell:
    """A probability."""
    return Cell(f"{value:.1%}".replace("%", " %"), number=True)


def short(text: str) -> str:
    """`text`, or its beginning where it is long."""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
