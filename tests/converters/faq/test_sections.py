from dataclasses import replace

import numpy as np

from converters.faq.answers import Answers
from converters.faq.data import Duplicate
from converters.faq.evidence import Evidence
from converters.faq.sections import sections
from converters.faq.steps import Step
from converters.report.section import Cell, Section
from server.contract import Entry

ENTRIES = [Entry(id=name, question=f"How do I {name}?") for name in ("sort", "flip", "join")]
ROWS = np.array([[0.9, 0.1, 0.0], [0.7, 0.2, 0.1], [0.2, 0.6, 0.2], [0.1, 0.1, 0.3]])
TEXTS = ["order values", "turn values", "how do i sort", "boil eggs"]
EVIDENCE = Evidence(ENTRIES, 0.5, Answers.of(TEXTS[:2], [0, 1], [ROWS[:2]]))


def made(evidence: Evidence) -> dict[str, Section]:
    return {section.id: section for section in sections(evidence)}


def texts(section: Section) -> list[list[str | tuple[str, ...]]]:
    return [[cell.items or cell.text for cell in row] for row in section.rows]


def test_what_there_is_no_evidence_for_is_left_out() -> None:
    found = made(EVIDENCE)
    assert list(found) == ["confused", "weakest", "surest", "repeated"]
    sort, flip = "How do I sort?", "How do I flip?"
    assert texts(found["confused"]) == [["1", sort, flip, ("turn values (of flip)",)]]
    assert texts(found["weakest"]) == [["0 of 1", flip, ("turn values",)]]
    assert texts(found["surest"]) == [["70.0 %", "turn values", flip, sort]]
    assert found["repeated"].rows == []


def test_every_section() -> None:
    evidence = replace(
        EVIDENCE,
        answers=Answers.of(TEXTS, [0, 1], [ROWS]),
        own=Answers.of([one.question for one in ENTRIES], [0, 1, 2], [np.eye(3) * 0.8 + 0.05]),
        duplicates=[Duplicate("order them", 0), Duplicate("swap", 1)],
        steps=[Step("orphans", "duplicates", 2, 1000, ("lost",), "--drop-orphans")],
    )
    found = made(evidence)
    assert texts(found["matched"]) == [["60.0 %", "how do i sort", "How do I flip?"]]
    assert [row[0] for row in texts(found["alike"])] == ["5.0 %"] * 3
    assert texts(found["without"]) == [["How do I join?"]]
    assert texts(found["repeated"]) == [["2", "How do I sort?", ("no entry", "sort")]]
    assert found["data"].rows[0][0] == Cell("duplicates: orphans", note="--drop-orphans")
    assert texts(found["data"])[0][1:] == ["2", "1,000", ("lost",)]
    for section in found.values():
        assert section.about
        assert section.todo
        assert all(len(row) == len(section.headers) for row in section.rows)


def test_cross_validated_questions_are_not_taken_for_copies_of_themselves() -> None:
    duplicates = [Duplicate("order values", 0), Duplicate("turn values", 1)]
    known = replace(EVIDENCE, duplicates=duplicates)
    assert made(known)["repeated"].total == 2
    assert made(replace(known, cross_validated=True))["repeated"].total == 0
