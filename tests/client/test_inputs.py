import json
from itertools import islice
from pathlib import Path

import pytest

from client.inputs import (
    CLASSIFY,
    FAQ,
    Input,
    InputError,
    endless,
    made_up_questions,
    read_pictures,
    read_questions,
)


def written(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.write_bytes(content.encode())
    return path


def texts(inputs: list[Input]) -> list[str]:
    assert {(one.route, one.media_type) for one in inputs} == {(FAQ, "application/json")}
    bodies = [json.loads(one.body) for one in inputs]
    assert all(set(body) == {"question"} for body in bodies)
    return [body["question"] for body in bodies]


def test_made_up_questions_are_distinct_and_enough_for_the_usual_run() -> None:
    assert len(set(made_up_questions())) == len(made_up_questions()) == 256
    assert texts(made_up_questions())[0] == "How do I compare two arrays?"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("q.txt", "Über \u2028Daten?\r\n\n  a, b  \na, b\n"),
        ("q.tsv", "id\ttext\n1\tÜber \u2028Daten?\n2\ta, b\n"),
        ("q.csv", '\ufeffid,text\r\n1,Über \u2028Daten?\r\n2,"a, b"\r\n'),
        ("q.jsonl", '{"text": "Über \u2028Daten?", "id": 1}\n\n{"text": "a, b"}\n'),
        ("q.TSV", "text\nÜber \u2028Daten?\na, b\n"),
    ],
)
def test_questions_come_from_lines_or_a_column(tmp_path: Path, name: str, content: str) -> None:
    questions = read_questions(written(tmp_path, name, content))
    assert texts(questions) == ["Über \u2028Daten?", "a, b"]


def test_a_csv_record_may_span_lines(tmp_path: Path) -> None:
    path = written(tmp_path, "q.csv", 'text\n"first\nsecond"\n')
    assert texts(read_questions(path)) == ["first\nsecond"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("q.txt", "\n  \n", "there is no question"),
        ("q.tsv", "", "there is no question"),
        ("q.tsv", "id\tquestion\n1\twhat\n", "column 'text'"),
        ("q.tsv", "id\ttext\n1\n", "column 'text'"),
        ("q.csv", 'text\n"open\n', "column 'text'"),
        ("q.jsonl", "not json\n", "column 'text'"),
        ("q.jsonl", '"text"\n', "column 'text'"),
        ("q.jsonl", '{"text": 3}\n', "column 'text'"),
    ],
)
def test_a_file_without_questions_is_refused(
    tmp_path: Path, name: str, content: str, words: str
) -> None:
    with pytest.raises(InputError, match=words) as caught:
        read_questions(written(tmp_path, name, content))
    assert name in str(caught.value)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        read_questions(tmp_path / "none.txt")
    with pytest.raises(InputError, match="directory"):
        read_questions(tmp_path)
    (tmp_path / "q.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="UTF-8"):
        read_questions(tmp_path / "q.txt")


def test_pictures_are_sent_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "b.PNG").write_bytes(b"second")
    (tmp_path / "a.jpg").write_bytes(b"first")
    (tmp_path / "labels.tsv").write_bytes(b"no picture")
    assert read_pictures(tmp_path) == [
        Input(CLASSIFY, "image/jpeg", b"first"),
        Input(CLASSIFY, "image/png", b"second"),
    ]


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no picture"):
        read_pictures(tmp_path)
    with pytest.raises(InputError, match="No such file"):
        read_pictures(tmp_path / "none")
    (tmp_path / "folder.jpg").mkdir()
    with pytest.raises(InputError, match=r"folder\.jpg: Is a directory"):
        read_pictures(tmp_path)


def test_kinds_take_turns_and_start_again_each_at_its_own_end() -> None:
    a, b, c = (Input(FAQ, "", body) for body in (b"a", b"b", b"c"))
    assert list(islice(endless([[a, b], [c]]), 6)) == [a, c, b, c, a, c]
    assert list(islice(endless([[a, b]]), 3)) == [a, b, a]
