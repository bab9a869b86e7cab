import argparse
import csv
from collections.abc import Sequence
from pathlib import Path

import pytest

from converters.export import ConversionError
from converters.faq.data import Duplicate
from converters.importers import triple
from converters.importers.imported import Imported
from server.contract import Entry

COLUMNS = ("Id", "AnswerId", "Text0", "CreationDate", "Text")
QUESTIONS = [
    (10, 100, "Sort an <b>array</b>?", "2008-10-20 22:54:38.767", "sort an array?"),
    (20, 200, 'Copy "deep"\tor not <pre><code>x</code></pre>', "", 'copy "deep"\tor not'),
]
TRAIN = [
    (11, 100, "Sort it", "", "sort it"),
    (21, 200, "<blockquote>Possible Duplicate: Copy</blockquote>Clone", "", "clone"),
]
TEST = [(12, 100, "Order it", "", "order it")]


def write(
    path: Path, records: Sequence[Sequence[object]], columns: Sequence[str] = COLUMNS
) -> Path:
    """As pandas writes it: quotes where they are needed."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter="\t", lineterminator="\n").writerows([columns, *records])
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "questions.tsv", QUESTIONS)
    write(tmp_path / "dupes_train.tsv", TRAIN)
    write(tmp_path / "dupes_test.tsv", TEST)
    return tmp_path


def read(folder: Path, *more: str, train: str = "dupes_train.tsv") -> Imported:
    parser = argparse.ArgumentParser()
    triple.add_arguments(parser)
    parser.add_argument("--drop-orphans", action="store_true")
    argv = ["--questions", str(folder / "questions.tsv"), "--train", str(folder / train)]
    return triple.read(parser.parse_args([*argv, *more]))


def test_the_three_files(folder: Path) -> None:
    found = read(folder, "--test", str(folder / "dupes_test.tsv"))
    assert found.entries == [
        Entry(id="10", question="sort an array?"),
        Entry(id="20", question='copy "deep"\tor not'),
    ]
    assert found.duplicates == [Duplicate("sort it", 0), Duplicate("clone", 1)]
    assert [one.id for one in found.duplicates] == ["11", "21"]
    assert found.test == [Duplicate("order it", 0)]
    assert [step.count for step in found.report] == [0, 0]


def test_the_text_as_it_was(folder: Path) -> None:
    found = read(folder, "--raw")
    assert [entry.question for entry in found.entries] == ["Sort an array?", 'Copy "deep" or not']
    assert [one.text for one in found.duplicates] == ["Sort it", "Clone"]
    assert found.test == []


def test_answers(folder: Path) -> None:
    answers = write(
        folder / "answers.tsv",
        [(100, "<p>Use <code>sort()</code></p>", "use sort()"), (300, "none", "none")],
        ("Id", "Text0", "Text"),
    )
    found = read(folder, "--answers", str(answers))
    assert [entry.answer for entry in found.entries] == ["Use `sort()`", None]


def test_pairs_instead_of_duplicates(folder: Path) -> None:
    columns = ("Id_x", "AnswerId_x", "Text_x", "Id_y", "Text_y", "AnswerId_y", "Label", "n")
    pairs = [
        (11, 100, "sort it", 10, "sort an array?", 100, 1, 0),
        (11, 100, "sort it", 20, "copy", 200, 0, 1),
        (21, 200, "clone", 20, "copy", 200, 1, 0),
        (21, 200, "clone", 10, "sort an array?", 100, 0, 1),
    ]
    write(folder / "balanced_pairs_train.tsv", pairs, columns)
    found = read(folder, train="balanced_pairs_train.tsv")
    assert found.duplicates == [Duplicate("sort it", 0), Duplicate("clone", 1)]


def test_what_is_there_twice(folder: Path) -> None:
    """As the reference does, the first of records with one Id counts; a question wins."""
    write(folder / "questions.tsv", [*QUESTIONS, (30, 100, "", "", "another"), QUESTIONS[0]])
    write(folder / "dupes_train.tsv", [*TRAIN, (10, 200, "", "", "a question"), TRAIN[0]])
    found = read(folder)
    assert len(found.entries) == 2
    assert found.duplicates == [
        Duplicate("another", 0),
        Duplicate("sort it", 0),
        Duplicate("clone", 1),
    ]
    assert [(step.name, step.count) for step in found.report] == [
        ("the same Id again: left out", 3),
        ("of an earlier one's answer: duplicates", 1),
    ]


def test_orphans(folder: Path) -> None:
    write(folder / "dupes_train.tsv", [*TRAIN, (31, 300, "", "", "lost")])
    with pytest.raises(ConversionError, match=r"train\.tsv:4: no question has the AnswerId '300'"):
        read(folder)
    found = read(folder, "--drop-orphans")
    assert found.orphans == ["lost"]
    assert len(found.duplicates) == 2


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("id\toriginal_id\ttext\n1\t2\tx\n", ":2: there is no column 'answerid'; there are: id, "),
        ("Id\tAnswerId\tText\n11\t100\t\n", ":2: text is empty"),
        ("Id\tAnswerId\tText\n11\t\tx\n", ":2: answerid is empty"),
        ("Id\tAnswerId\tText\n11\t100\tx\ty\n", ":2: 4 values, but the header names 3 columns"),
        ('Id\tAnswerId\tText\n11\t100\t"x\n', ":2: unexpected end of data"),
    ],
)
def test_what_is_wrong(folder: Path, content: str, expected: str) -> None:
    path = folder / "dupes_train.tsv"
    path.write_text(content)
    with pytest.raises(ConversionError) as caught:
        read(folder)
    assert str(caught.value).startswith(f"{path}{expected}")


def test_nothing_but_html(folder: Path) -> None:
    write(folder / "dupes_train.tsv", [(11, 100, "<pre>x</pre>", "", "x")])
    with pytest.raises(ConversionError, match=r":2: nothing is left of text0 without its HTML"):
        read(folder, "--raw")
