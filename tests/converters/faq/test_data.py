import hashlib
import json
import string
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converters.export import ConversionError
from converters.faq import data
from converters.faq.data import Duplicate
from server.contract import Entry

ENTRIES = [Entry(id="a", question="First one?"), Entry(id="b", question="Second one?")]
ORIGINALS = {
    ".tsv": 'id\ttext\tanswer\na\tHow "so"?\tThus, so.\nb\tWhy, oh why?\t\n',
    ".csv": 'id,text,answer\na,"How ""so""?","Thus, so."\nb,"Why, oh why?",\n',
    ".jsonl": '{"id": "a", "text": "How \\"so\\"?", "answer": "Thus, so."}\n'
    '{"id": "b", "text": "Why, oh why?", "answer": null, "more": "ignored"}\n',
}

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A file with this suffix and content."""

    def write(suffix: str, content: str | bytes) -> Path:
        path = tmp_path / f"faq{suffix}"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def refusal(read: Callable[[Path], object], path: Path) -> str:
    """What is wrong with `path`, after its name; one line."""
    with pytest.raises(ConversionError) as caught:
        read(path)
    message = str(caught.value)
    assert message.startswith(f"{path}:")
    assert "\n" not in message
    return message.removeprefix(f"{path}:")


def duplicates(path: Path) -> list[Duplicate]:
    return data.read_duplicates(path, ENTRIES)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("suffix", [*ORIGINALS, ".TSV"])
def test_every_format_of_originals(make: Make, suffix: str, mark: str, ending: str) -> None:
    content = mark + ORIGINALS[suffix.lower()].replace("\n", ending)
    assert data.read_originals(make(suffix, content)) == [
        Entry(id="a", question='How "so"?', answer="Thus, so."),
        Entry(id="b", question="Why, oh why?", answer=None),
    ]


def test_answers_may_be_absent(make: Make) -> None:
    path = make(".tsv", "text\tid\nFirst one?\ta\nSecond one?\tb")
    assert data.read_originals(path) == ENTRIES


@pytest.mark.parametrize("answer", ["", " ", "\t \u3000"])
def test_a_blank_answer_is_none(make: Make, answer: str) -> None:
    records = ({"id": str(number), "text": "?", "answer": answer} for number in range(2))
    path = make(".jsonl", "\n".join(map(json.dumps, records)))
    assert [entry.answer for entry in data.read_originals(path)] == [None, None]


def test_duplicates_and_questions(make: Make) -> None:
    found = duplicates(make(".csv", "id,original_id,text\n1,b,Two\n\n2,a,One\n3,b,Two\n"))
    assert found == [Duplicate("Two", 1), Duplicate("One", 0), Duplicate("Two", 1)]
    assert data.read_questions(make(".tsv", "text\n what \n\n日本\n")) == [" what ", "日本"]


def test_the_ids_of_duplicates_are_kept(make: Make) -> None:
    found = duplicates(make(".csv", "id,original_id,text\n1,b,Two\n7,a,One\n"))
    assert [one.id for one in found] == ["1", "7"]


def test_orphans_are_set_apart_where_asked(make: Make) -> None:
    path = make(".csv", "id;original_id;text\n1;b;Two\n2;c;Gone\n3;;Left\n")
    orphans: list[str] = []
    assert refusal(lambda path: data.read_duplicates(path, ENTRIES, orphans), path) == (
        "4: original_id is empty"
    )
    path = make(".csv", "id;original_id;text\n1;b;Two\n2;c;Gone\n")
    orphans = []
    assert data.read_duplicates(path, ENTRIES, orphans) == [Duplicate("Two", 1)]
    assert orphans == ["Gone"]


def test_quoted_fields_of_csv_may_have_several_lines(make: Make) -> None:
    path = make(".csv", 'id,text,answer\na,"one\ntwo","```\r\nx\n```"\nb,x,"a ""b"", c"\n')
    assert data.read_originals(path) == [
        Entry(id="a", question="one\ntwo", answer="```\r\nx\n```"),
        Entry(id="b", question="x", answer='a "b", c'),
    ]


def test_a_quote_is_a_character_in_tsv(make: Make) -> None:
    assert data.read_questions(make(".tsv", 'text\n"unclosed\na\vb\x85c\n')) == [
        '"unclosed',
        "a\vb\x85c",
    ]


@pytest.mark.parametrize("suffix", [".tsv", ".csv"])
def test_a_null_character_is_text(make: Make, suffix: str) -> None:
    assert data.read_questions(make(suffix, "text\na\0b\n")) == ["a\0b"]


def test_escapes_of_json(make: Make) -> None:
    path = make(".jsonl", '{"text": "\\ud83d\\ude00 \\u0000 \\n"}\n \n{"text": "a\u2028b"}')
    assert data.read_questions(path) == ["\U0001f600 \0 \n", "a\u2028b"]


PRINTABLE = st.text(
    st.characters(codec="utf-8", exclude_characters="\t\r\n"), min_size=1, max_size=8
).filter(str.strip)


@given(texts=st.lists(PRINTABLE, min_size=1, max_size=5))
def test_any_text_survives_tsv_and_json(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    for suffix, content in (
        (".tsv", "\n".join(["text", *texts])),
        (".jsonl", "\n".join(json.dumps({"text": text}) for text in texts)),
    ):
        path = folder / f"any{suffix}"
        path.write_bytes(content.encode())
        assert data.read_questions(path) == texts


@pytest.mark.parametrize(
    ("suffix", "content", "expected"),
    [
        (".tsv", "id\ttext\na\tx\n", ":2: there is no column 'original_id'"),
        (".csv", "id,original_id\n1,a\n", ":2: there is no column 'text'"),
        (".jsonl", '{"id": "1", "original_id": "a"}', ":1: there is no column 'text'"),
        (".jsonl", '{"id": "1", "original_id": "a", "text": null}', ":1: there is no column"),
        (".tsv", "id\toriginal_id\ttext\n1\ta\tx\n1\tb\ty\n", ":3: the id '1' is there twice"),
        (".csv", "id,original_id,text\n1,c,x\n", ":2: original_id 'c' is no id of the originals"),
        (".csv", "id,original_id,text\n1,A,x\n", ":2: original_id 'A' is no id of the originals"),
        (".tsv", "id\toriginal_id\ttext\n1\ta\t \n", ":2: text is empty"),
        (".tsv", "id\toriginal_id\ttext\n1\ta\t\u3000\u2029\n", ":2: text is empty"),
        (".tsv", "id\toriginal_id\ttext\n\ta\tx\n", ":2: id is empty"),
        (".tsv", "id\toriginal_id\ttext\n1\ta\n", ":2: 2 values, but the header names 3 columns"),
        (".tsv", "id\toriginal_id\ttext\n\n1\ta\tx\ty\n", ":3: 4 values, but the header names 3"),
        (".csv", "id,original_id,text\n1,a,x,y\n", ":2: 4 values, but the header names 3 columns"),
        (".csv", "id,original_id,text,text\n1,a,x,y\n", ":1: the header names a column twice"),
        (".csv", 'id,original_id,text\n1,a,"x\ny"\n2,b\n', ":4: 2 values, but the header names 3"),
        (".csv", 'id,original_id,text\n1,a,"x', ":2: unexpected end of data"),
        (".csv", 'id,original_id,text\n1,a,"x"y\n', ":2: ',' expected after '\"'"),
        (".jsonl", '{"id": "1"\n', ":1: this is not JSON: "),
        (".jsonl", '\n{"text": "x" "id"}\n', ":2: this is not JSON: "),
        (".jsonl", "[" * 100_000, ":1: this is not JSON: "),
        (".jsonl", '["1", "a", "x"]', ":1: this is not a JSON object"),
        (".jsonl", '{"id": 1, "original_id": "a", "text": "x"}', ":1: 'id' is not a string"),
        (".jsonl", '{"id": "1", "original_id": "a", "text": ["x"]}', ":1: 'text' is not a string"),
        (".jsonl", '{"a\\nb": NaN}', ":1: 'a\\nb' is not a string"),
        (
            ".jsonl",
            '{"id": "1", "original_id": "a", "text": "x\\ud83d!"}',
            ":1: 'text' has half a surrogate pair",
        ),
        (".tsv", b"id\toriginal_id\ttext\r\n1\ta\tx\r\n2\tb\t\xe9\r\n", ":3: this is not UTF-8"),
        (".jsonl", b'{"text": "\xff"}', ":1: this is not UTF-8; save it as UTF-8"),
        (".csv", "id,original_id,text\n".encode("utf-16"), ":1: this is not UTF-8"),
        (".tsv", "", ": there is not one record in it"),
        (".csv", "\n\n", ": there is not one record in it"),
        (".jsonl", " \n", ": there is not one record in it"),
        (".tsv", "id\toriginal_id\ttext\n", ": there is not one record in it"),
        (".csv", "id,original_id,text\r\n", ": there is not one record in it"),
        (".txt", "id\toriginal_id\ttext\n1\ta\tx", ": name it .tsv, .csv or .jsonl"),
        ("", "id\toriginal_id\ttext\n1\ta\tx", ": name it .tsv, .csv or .jsonl"),
    ],
)
def test_what_is_wrong_with_duplicates(
    make: Make, suffix: str, content: str | bytes, expected: str
) -> None:
    path = make(suffix, content)
    assert f":{refusal(duplicates, path)}".startswith(expected)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("id\ttext\na\tx\nb\ty\na\tz", ":4: the id 'a' is there twice"),
        ("id\ttext\na\tx\n", ": a FAQ needs at least two entries"),
        ("id\ttext\n", ": a FAQ needs at least two entries"),
        ("", ": a FAQ needs at least two entries"),
        ("name\ttext\na\tx\n", ":2: there is no column 'id'; there are: name, text"),
        ("id\ttext\na\t\n", ":2: text is empty"),
    ],
)
def test_what_is_wrong_with_originals(make: Make, content: str, expected: str) -> None:
    assert f":{refusal(data.read_originals, make('.tsv', content))}" == expected


def test_questions_need_their_column(make: Make) -> None:
    assert refusal(data.read_questions, make(".csv", "question\nx\n")).startswith("2: there is no")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.tsv"):
        data.read_originals(tmp_path / "nowhere.tsv")


def test_the_digest_is_that_of_the_bytes(make: Make) -> None:
    content = ORIGINALS[".csv"].encode()
    assert data.sha256(make(".csv", content)) == hashlib.sha256(content).hexdigest()


def test_words() -> None:
    assert data.words("Don't USE `x_1`, Straße!") == ["don", "t", "use", "x_1", "strasse"]


def test_word_overlap() -> None:
    entries = [Entry(id="a", question="sort an array"), Entry(id="b", question="compare dates")]
    asked = [
        Duplicate("Sort, SORT my array!", 0),  # two of three
        Duplicate("dates", 1),
        Duplicate("array", 1),
        Duplicate("???", 0),  # without a word it says nothing
    ]
    assert data.word_overlap(entries, asked) == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert data.word_overlap(entries, []) == 0


def test_repeated_texts() -> None:
    asked = [
        Duplicate("first ONE", 0),
        Duplicate("of its own", 0),
        Duplicate("=>", 0),
        Duplicate("->", 1),
        Duplicate("again", 0),
        Duplicate("Again!", 1),
    ]
    assert data.repeated(ENTRIES, asked) == ["First one?", "first ONE", "again", "Again!"]
    assert data.repeated(ENTRIES, asked[1:4]) == []


@given(st.lists(st.text(string.ascii_letters + " ?", max_size=3), max_size=6))
def test_repeated_finds_what_is_there_twice(texts: list[str]) -> None:
    keys = [" ".join(text.lower().replace("?", " ").split()) or text for text in texts]
    twice = [text for text, key in zip(texts, keys, strict=True) if keys.count(key) > 1]
    assert data.repeated([], [Duplicate(text, 0) for text in texts]) == twice
