"""What each step of importing and preparing did: the data report."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from rich.table import Table

_EXAMPLES = 3
_LONGEST = 70  # characters of an example


@dataclass(frozen=True)
class Step:
    """A step, how many records it concerns, how many are left after it, and a few of the first.

    `what` says which records; most steps take theirs away. `option` asks for the step, if one does.
    """

    name: str
    what: str
    count: int
    left: int
    examples: tuple[str, ...] = ()
    option: str = ""

    @classmethod
    def of(cls, name: str, what: str, taken: Sequence[str], left: int, option: str = "") -> "Step":
        """A step that concerns these texts."""
        examples = tuple(map(_short, taken[:_EXAMPLES]))
        return cls(name, what, len(taken), left, examples, option)


def table(steps: Iterable[Step]) -> Table:
    """The steps for a terminal, without their examples."""
    shown = Table(title="Data", title_justify="left")
    for column in ("step", "option"):
        shown.add_column(column)
    for column in ("count", "left"):
        shown.add_column(column, justify="right", no_wrap=True)
    for step in steps:
        name = f"{step.what}, {step.name}"
        shown.add_row(name, step.option, f"{step.count:,}", f"{step.left:,}")
    return shown


def as_dicts(steps: Iterable[Step]) -> list[dict[str, object]]:
    """The steps for JSON."""
    return [asdict(step) for step in steps]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
