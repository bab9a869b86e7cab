from pathlib import Path

import pytest

from converters.export import ConversionError
from converters.faq.data import Duplicate
from converters.importers.table_rows import Layout, TableRows
from server.contract import Entry

PATH = Path("faq.csv")


def take(layout: Layout, *rows: dict[str, str]) -> TableRows:
    faq = TableRows(PATH, layout)
    for line, row in enumerate(rows, start=2):
        faq.take(line, row)
    return faq


def test_only_questions_are_needed() -> None:
    faq = take(Layout("q"), {"q": " Why?\n", "a": "ignored"}, {"q": "How?"})
    assert [(entry.question, entry.answer) for entry in faq.entries] == [
        ("Why?", None),
        ("How?", None),
    ]
    assert faq.entries[0].id != faq.entries[1].id


def test_one_entry_of_rows_with_the_same_answer() -> None:
    layout = Layout("q", "a", "id", ("b",), separator="|", same_answer=True)
    faq = take(
        layout,
        {"id": "7", "q": "Why?", "a": "So.", "b": "what for| "},
        {"id": "8", "q": "How come?", "a": " So. ", "b": "|"},
        {"id": "9", "q": "How come", "a": "", "b": "why so"},
    )
    assert faq.entries == [Entry(id="7", question="Why?", answer="So.")]
    assert [one.text for one in faq.duplicates] == ["what for", "How come?", "why so"]
    assert faq.duplicates[0] == Duplicate("what for", 0)
    assert len({one.id for one in faq.duplicates}) == 3


def test_rows_without_an_answer_are_not_one_entry() -> None:
    layout = Layout("q", "a", same_answer=True)
    assert len(take(layout, {"q": "Why?", "a": ""}, {"q": "How?"}).entries) == 2


def test_a_contradiction_names_both_lines() -> None:
    rows = ({"q": "Why?", "a": "x"}, {"q": "How?", "a": "y"}, {"q": "WHY", "a": "z"})
    with pytest.raises(ConversionError, match=r"faq\.csv:4: line 2 asks the same, but has another"):
        take(Layout("q", "a"), *rows)


def test_html_without_words_is_no_question() -> None:
    layout = Layout("q", "a", html=True)
    faq = take(layout, {"q": "<p> </p>", "a": "<br>"}, {"q": "<p>Why?", "a": "<b>x"})
    assert [step.count for step in faq.report()] == [1, 0]
    assert faq.entries[0].answer == "x"
    with pytest.raises(ConversionError, match=r"faq\.csv:2: q is empty"):
        take(layout, {"q": "<script>x</script>", "a": "x"})
