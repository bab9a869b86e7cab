import argparse
from collections.abc import Callable
from pathlib import Path

import pytest

from converters.export import ConversionError
from converters.faq.data import Duplicate
from converters.importers import table
from converters.importers.imported import Imported
from server.contract import Entry

Read = Callable[..., Imported]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Import a file of this content."""

    def run(content: str, *more: str, suffix: str = ".csv") -> Imported:
        path = tmp_path / f"faq{suffix}"
        path.write_text(content, encoding="utf-8", newline="")
        parser = argparse.ArgumentParser()
        table.add_arguments(parser)
        return table.read(parser.parse_args([str(path), *more]))

    return run


SHEET = (
    '\ufeffNo;Question ;ANSWER;"Also, asked";More\r\n'
    '1;"How do I get\na refund?";"Write ""us"";\r\nsoon.";"money back?\nrefund\n\n";r\r\n'
    ";;;;\r\n"
    "2;Where is it?;;;\r\n;;;;\r\n"
)


def test_a_spreadsheet(read: Read) -> None:
    found = read(SHEET, "--alternatives", "also, asked", " MORE ")
    assert found.entries == [
        Entry(id="1", question="How do I get\na refund?", answer='Write "us";\r\nsoon.'),
        Entry(id="2", question="Where is it?", answer=None),
    ]
    assert found.duplicates == [
        Duplicate("money back?", 0),
        Duplicate("refund", 0),
        Duplicate("r", 0),
    ]
    assert len({one.id for one in found.duplicates}) == 3
    assert read(SHEET).duplicates == []


def test_a_separator(read: Read) -> None:
    content = "q,b\nWhy?,what for | for what|\nHow?,\n"
    found = read(content, "--alternatives", "b", "--separator", "|")
    assert [one.text for one in found.duplicates] == ["what for", "for what"]
    with pytest.raises(ConversionError, match="--separator is empty"):
        read(content, "--separator", "")


def test_lines_of_old_macs(read: Read) -> None:
    found = read('q,b\rWhy?,"a\rb"\rHow?,\r', "--alternatives", "b")
    assert [one.text for one in found.duplicates] == ["a", "b"]


def test_columns_by_name(read: Read) -> None:
    content = "code\tfrage\tantwort\nx1\tWarum?\tDarum\nx2\tWo?\tHier\n"
    columns = ["--question", "Frage", "--answer", "antwort", "--id", "code"]
    found = read(content, *columns, suffix=".tsv")
    assert found.entries == [
        Entry(id="x1", question="Warum?", answer="Darum"),
        Entry(id="x2", question="Wo?", answer="Hier"),
    ]


def test_ids_are_made_where_there_are_none(read: Read) -> None:
    ids = [entry.id for entry in read("question\nWhy?\nHow?\n").entries]
    assert ids == [entry.id for entry in reversed(read("question\nHow?\nwhat\nWhy?").entries[::2])]
    assert ids[0] == "q2be23c585f"


def test_json_lines(read: Read) -> None:
    content = (
        '{"Question": "Why?", "answer": null, "also": ["For what?", "What for?"], "views": 1.5}\n'
        '{"Question": "How?", "answer": "So", "tags": {}}\n'
    )
    found = read(content, "--alternatives", "also", suffix=".jsonl")
    assert [(one.question, one.answer) for one in found.entries] == [("Why?", None), ("How?", "So")]
    assert found.duplicates == [Duplicate("For what?", 0), Duplicate("What for?", 0)]
    numbered = '{"id": 1, "q": "Why?"}\n{"id": 2, "q": "How?"}'
    assert [entry.id for entry in read(numbered, suffix=".jsonl").entries] == ["1", "2"]


def test_html(read: Read) -> None:
    found = read(
        "q,a,b\n<b>Why</b> &amp; how?,Use <code>x</code>,<i>where?</i>\nwhen,now,\n",
        *("--html", "--alternatives", "b"),
    )
    assert found.entries[0].question == "Why & how?"
    assert found.entries[0].answer == "Use `x`"
    assert found.duplicates == [Duplicate("where?", 0)]
    assert read("q,a\n<b>Why</b>,<i>x\n").entries[0].question == "<b>Why</b>"


def test_rows_with_the_same_answer(read: Read) -> None:
    content = "q,a,b\nWhy?,x,\nHow?,y,\nFor what?,x,what for\nWhen?,,\nWhere?,,\n"
    found = read(content, "--same-answer", "--alternatives", "b")
    assert [entry.question for entry in found.entries] == ["Why?", "How?", "When?", "Where?"]
    assert found.duplicates == [Duplicate("For what?", 0), Duplicate("what for", 0)]
    assert len(read(content).entries) == 5


def test_the_same_row_again(read: Read) -> None:
    found = read("q,a,b\nWhy?,x,\nHow?,y,\n why ,x,what for\nWhy?,,\n", "--alternatives", "b")
    assert len(found.entries) == 2
    assert found.duplicates == [Duplicate("what for", 0)]
    assert [(step.name, step.count, step.examples) for step in found.report] == [
        ("neither question nor answer: left out", 0, ()),
        ("the same question and answer again", 2, ("why", "Why?")),
    ]


def test_rows_that_say_nothing(read: Read) -> None:
    found = read("id,q,a\n1,Why?,x\nSHIPPING,,\n2,How?,y\n")
    assert [entry.id for entry in found.entries] == ["1", "2"]
    assert (found.report[0].count, found.report[0].left) == (1, 2)


@pytest.mark.parametrize(
    ("content", "more", "expected"),
    [
        ("", [], ": there is not one record in it"),
        ("question,answer\n", [], ": there is not one record in it"),
        ("frage,antwort\na,b\n", [],
         ": which column has the questions? Name it by --question; there are: frage, antwort"),
        ("q,a\nx,y\n", ["--answer", "Reply"], ": there is no column 'Reply'; there are: q, a"),
        ("q,a\nx,y\n", ["--alternatives", "b"], ": there is no column 'b'; there are: q, a"),
        ('q,a\nx,"y\nz"\n,y\n', [], ":4: q is empty"),
        ("id,q\n1,x\n,y\n", [], ":3: id is empty"),
        ("id,q\n1,x\n1,y\n", [], ":3: the id '1' is there twice"),
        ("q,a\nWhy?,x\nwhy,y\n", [], ":3: line 2 asks the same, but has another answer; keep one"),
        ('q,a\nx,"y\n', [], ":2: unexpected end of data"),
    ],
)  # fmt: skip
def test_what_is_wrong(
    read: Read, tmp_path: Path, content: str, more: list[str], expected: str
) -> None:
    with pytest.raises(ConversionError) as caught:
        read(content, *more)
    assert str(caught.value).startswith(f"{tmp_path / 'faq.csv'}{expected}")
