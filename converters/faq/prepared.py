"""A FAQ's questions on their way through preparation, with what each step took away."""

import itertools
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from converters.faq.data import Duplicate
from converters.faq.steps import Step
from server.contract import Entry


@dataclass(frozen=True)
class Prepared:
    """What is left, and what each step did."""

    entries: list[Entry]
    duplicates: list[Duplicate]
    test: list[Duplicate]
    no_match: list[str]
    no_match_test: list[str]
    report: tuple[Step, ...] = ()

    def reported(self, *steps: Step) -> "Prepared":
        """The same with more steps, of which those that had nothing to do are left out."""
        done = tuple(step for step in steps if step.count or step.left)
        return replace(self, report=self.report + done)

    def keep_duplicates(self, wanted: Callable[[str], bool], name: str, option: str) -> "Prepared":
        """The same with the duplicates to train on whose texts are wanted, asked for in order."""
        verdicts = [wanted(one.text) for one in self.duplicates]
        left = list(itertools.compress(self.duplicates, verdicts))
        taken = [one.text for one, kept in zip(self.duplicates, verdicts, strict=True) if not kept]
        step = Step.of(name, "duplicates", taken, len(left), option)
        return replace(self, duplicates=left).reported(step)

    def keep_no_match(self, wanted: Callable[[str], bool], name: str, option: str) -> "Prepared":
        """The same with the wanted questions that no entry answers, asked for in order."""
        verdicts = [wanted(text) for text in self.no_match]
        left = list(itertools.compress(self.no_match, verdicts))
        taken = [text for text, kept in zip(self.no_match, verdicts, strict=True) if not kept]
        step = Step.of(name, "no-match questions", taken, len(left), option)
        return replace(self, no_match=left).reported(step)

    def keep_entries(
        self, kept: Collection[int], name: str, option: str, *, to_no_match: bool
    ) -> "Prepared":
        """The same with the entries at the indices `kept`.

        Questions of the others, their own and their duplicates, fall away with them; with
        `to_no_match` they are questions that no entry answers instead.
        """
        index = {old: new for new, old in enumerate(sorted(kept))}
        fallen = [one.question for old, one in enumerate(self.entries) if old not in index]
        train, lost = _moved(self.duplicates, index)
        test, lost_test = _moved(self.test, index)
        done = replace(
            self,
            entries=[self.entries[old] for old in index],
            duplicates=train,
            test=test,
            no_match=self.no_match + (fallen + lost if to_no_match else []),
            no_match_test=self.no_match_test + (lost_test if to_no_match else []),
        )
        where = "to the no-match questions" if to_no_match else "dropped"
        return done.reported(
            Step.of(name, "entries", fallen, len(done.entries), option),
            Step.of(f"of those entries: {where}", "duplicates", lost, len(train), option),
            Step.of(f"of those entries: {where}", "test duplicates", lost_test, len(test), option),
        )


def _moved(
    duplicates: Sequence[Duplicate], index: dict[int, int]
) -> tuple[list[Duplicate], list[str]]:
    """Those whose entry has a new index, with it, and the texts of the others."""
    moved = [replace(one, entry=index[one.entry]) for one in duplicates if one.entry in index]
    return moved, [one.text for one in duplicates if one.entry not in index]
