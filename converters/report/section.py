"""A section of a report: a table of the first of many findings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

SHOWN = 30  # rows of a section
_LONGEST = 240  # characters of a text

T = TypeVar("T")


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
        shown: int = SHOWN,
    ) -> "Section":
        """The section that has the first `shown` of what was `found`, each as a `row`."""
        return cls(name, title, about, todo, headers, [*map(row, found[:shown])], len(found))


def count(value: int) -> Cell:
    """A number of something."""
    return Cell(f"{value:,}", number=True)


def chance(value: float) -> Cell:
    """A probability."""
    return Cell(f"{value:.1%}".replace("%", " %"), number=True)


def short(text: str) -> str:
    """`text`, or its beginning where it is long."""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
