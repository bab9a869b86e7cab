import numpy as np

from converters.faq.answers import NO_ENTRY, Answers
from converters.faq.evidence import Evidence
from converters.report.section import Cell
from server.contract import Entry


def test_entries_by_question_and_id() -> None:
    entries = [Entry(id="sort", question="How do I sort?"), Entry(id="x" * 300, question="y" * 300)]
    evidence = Evidence(entries, 0.5, Answers.of(["sort"], [0], [np.array([[0.9, 0.1]])]))
    assert evidence.entry(0) == Cell("How do I sort?", note="sort")
    assert evidence.entry(1) == Cell("y" * 239 + "…", note="x" * 239 + "…")
    assert evidence.id(0) == "sort"
    assert evidence.id(NO_ENTRY) == "no entry"
