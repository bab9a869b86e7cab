"""What an importer finds."""

from dataclasses import dataclass, field

from converters.faq.data import Duplicate
from converters.faq.steps import Step
from server.contract import Entry


@dataclass(frozen=True)
class Imported:
    """Entries, duplicates to train and to test on, and questions that no entry answers.

    `orphans` are texts of duplicates without their original; `report` says what was left out.
    """

    entries: list[Entry]
    duplicates: list[Duplicate] = field(default_factory=list)
    test: list[Duplicate] = field(default_factory=list)
    no_match: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    report: tuple[Step, ...] = ()
