"""The sections of a FAQ's report: what was found, and what to do about it."""

from collections.abc import Callable, Iterable, Iterator

from converters.faq import findings
from converters.faq.answers import NO_ENTRY
from converters.faq.evidence import Evidence
from converters.faq.steps import Step
from converters.report.section import Cell, Section, chance, count, short

_EXAMPLES = 3
_LEAST_ALIKE = 0.001


def sections(evidence: Evidence) -> list[Section]:
    """Every section that there is evidence for."""
    return [section for make in _SECTIONS for section in make(evidence)]


def _confused(evidence: Evidence) -> Iterator[Section]:
    def row(pair: findings.Confused) -> list[Cell]:
        first, second = pair.entries
        examples = tuple(
            f"{short(evidence.answers.texts[one])} (of {evidence.id(own)})"
            for one in pair.questions[:_EXAMPLES]
            for own in [int(evidence.answers.entries[one])]
        )
        both = evidence.entry(first), evidence.entry(second)
        return [count(len(pair.questions)), *both, Cell(items=examples)]

    yield Section.of(
        *("confused", "Entries taken for each other", findings.confused(evidence.answers), row),
        "Pairs of entries, by the number of questions about the one that got the other.",
        "Read both entries. If they answer the same, merge them. If not, say in each question what "
        "sets it apart, and add duplicates that ask for the one and not for the other. Move "
        "examples that stand under the wrong entry.",
        ("Times", "Entry", "Entry", "Examples"),
    )


def _weakest(evidence: Evidence) -> Iterator[Section]:
    answers = evidence.answers

    def row(weak: findings.Weak) -> list[Cell]:
        right = weak.asked - len(weak.questions)
        texts = tuple(short(answers.texts[one]) for one in weak.questions[:_EXAMPLES])
        share = Cell(f"{right} of {weak.asked}", number=True)
        return [share, evidence.entry(weak.entry), Cell(items=texts)]

    yield Section.of(
        *("weakest", "Entries with the lowest accuracy", findings.weakest(answers), row),
        "Entries by the share of the questions about them that got them. Where few were asked, the "
        "share counts for less.",
        "Add duplicates in the words of those who ask, above all such as the examples. Check "
        "whether the examples belong to the entry at all.",
        ("Right", "Entry", "Questions that got another"),
    )


def _surest_errors(evidence: Evidence) -> Iterator[Section]:
    answers = evidence.answers

    def row(question: int) -> list[Cell]:
        said = chance(answers.chances[question, 0])
        own, got = int(answers.entries[question]), int(answers.top[question, 0])
        text = Cell(short(answers.texts[question]))
        return [said, text, evidence.entry(own), evidence.entry(got)]

    yield Section.of(
        *("surest", "Wrong answers that were sure", findings.surest_errors(answers), row),
        "Questions that got another entry than their own, the surest first.",
        "Look for mistakes in the data first: the question may belong to the entry that it got, or "
        "to both. If its own entry is right, add more duplicates like it.",
        ("Chance said", "Question", "Its entry", "What it got"),
    )


def _wrongly_matched(evidence: Evidence) -> Iterator[Section]:
    answers = evidence.answers
    if (answers.entries != NO_ENTRY).all():
        return

    def row(question: int) -> list[Cell]:
        got = evidence.entry(int(answers.top[question, 0]))
        said = chance(answers.chances[question, 0])
        return [said, Cell(short(answers.texts[question])), got]

    yield Section.of(
        "matched",
        "Questions without an entry that matched one",
        findings.wrongly_matched(answers, evidence.threshold),
        row,
        f"Questions that no entry answers, to which the model gave one with a chance of at least "
        f"its threshold, {evidence.threshold:.3f}.",
        "If the entry does answer the question, make it a duplicate of that entry. If not, add it "
        "and others like it to the questions without an entry to learn from (--no-match), or write "
        "an entry for it.",
        ("Chance said", "Question", "What it got"),
    )


def _alike(evidence: Evidence) -> Iterator[Section]:
    if evidence.own is None:
        return

    def row(pair: findings.Alike) -> list[Cell]:
        return [chance(pair.chance), *(evidence.entry(one) for one in pair.entries)]

    yield Section.of(
        *("alike", "Entries that may be the same", findings.alike(evidence.own, _LEAST_ALIKE), row),
        "Asked an entry's own question, the model also thinks of the other: pairs by the mean of "
        f"both chances, from {100 * _LEAST_ALIKE:.1f} %. It learned these very questions, so "
        "even a chance of a few per cent says much.",
        "Merge entries that answer the same, with their duplicates. If both are needed, word their "
        "questions so that a stranger could tell them apart.",
        ("Chance", "Entry", "Entry"),
    )


def _without_duplicates(evidence: Evidence) -> Iterator[Section]:
    if evidence.duplicates is None:
        return
    known = (one.entry for one in evidence.duplicates)
    yield Section.of(
        "without",
        "Entries without duplicates",
        findings.without(len(evidence.entries), known),
        lambda entry: [evidence.entry(entry)],
        "Entries of which the model knows only their own words.",
        "Add two or more ways to ask for each. What people asked and got no match for is a good "
        "source.",
        ("Entry",),
    )


def _repeated(evidence: Evidence) -> Iterator[Section]:
    answers = evidence.answers
    texts = [(entry.question, index) for index, entry in enumerate(evidence.entries)]
    texts += [(one.text, one.entry) for one in evidence.duplicates or ()]
    if not evidence.cross_validated:  # else they are the duplicates
        texts += zip(answers.texts, answers.entries.tolist(), strict=True)

    def row(found: findings.Repeated) -> list[Cell]:
        where = tuple(evidence.id(entry) for entry in found.entries[: 2 * _EXAMPLES])
        return [count(found.times), Cell(short(found.text)), Cell(items=where)]

    yield Section.of(
        *("repeated", "Texts that are there more than once", findings.repeated(texts), row),
        "Texts that differ at most in case, spaces and the marks at their end; those under several "
        "entries first.",
        "Nobody can answer a text under two entries: decide for one. Of others keep one; a test "
        "question that was also learned makes the figures too good.",
        ("Times", "Text", "Under"),
    )


def _data(evidence: Evidence) -> Iterator[Section]:
    if not evidence.steps:
        return

    def row(step: Step) -> list[Cell]:
        name = Cell(f"{step.what}: {step.name}", note=step.option)
        return [
            name,
            count(step.count),
            count(step.left),
            Cell(items=tuple(map(short, step.examples))),
        ]

    yield Section.of(
        *("data", "What became of the data", evidence.steps, row),
        "The steps of reading and preparing it, in their order.",
        "Where a step concerns more than you thought, look at its examples, and mend the source or "
        "change the option.",
        ("Step", "Count", "Left", "Examples"),
    )


_SECTIONS: tuple[Callable[[Evidence], Iterable[Section]], ...] = (
    _confused,
    _weakest,
    _surest_errors,
    _wrongly_matched,
    _alike,
    _without_duplicates,
    _repeated,
    _data,
)
