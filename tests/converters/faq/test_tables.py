from collections.abc import Callable
from pathlib import Path

import pytest

from converters.export import ConversionError
from converters.faq import tables

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A file with this suffix and content."""

    def write(suffix: str, content: str | bytes) -> Path:
        path = tmp_path / f"table{suffix}"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def refusal(path: Path) -> str:
    with pytest.raises(ConversionError) as caught:
        list(tables.rows(path, ("id", "text")))
    message = str(caught.value)
    assert message.startswith(f"{path}:")
    assert "\n" not in message
    return message.removeprefix(f"{path}:")


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_of_a_spreadsheet(make: Make, delimiter: str, ending: str, mark: str) -> None:
    lines = ["ID| Text ", 'a|"one; ""two"", three\nfour"', "b|x", "|", "|"]
    content = mark + ending.join(line.replace("|", delimiter) for line in lines)
    assert list(tables.rows(make(".csv", content), ("id", "text"))) == [
        (2, {"id": "a", "text": 'one; "two", three\nfour'}),
        (4, {"id": "b", "text": "x"}),
    ]


@pytest.mark.parametrize(
    "header",
    ["Id;Text, in words", "Id;Text, in, words", '"Id";"Text, in words"'],
)
def test_the_delimiter_is_that_under_which_records_fit(make: Make, header: str) -> None:
    path = make(".csv", f"{header}\n1;a, b\n2;c\n3;d, e, f\n")
    assert [row["id"] for _, row in tables.read(path)] == ["1", "2", "3"]


def test_one_column_has_no_delimiter(make: Make) -> None:
    path = make(".csv", 'text\n"a, b"\nc;d\n')
    assert [row for _, row in tables.read(path)] == [{"text": "a, b"}, {"text": "c;d"}]


def test_the_line_that_names_the_delimiter(make: Make) -> None:
    path = make(".csv", "sep=;\r\nid;text\r\n1;a,b\r\n")
    assert list(tables.read(path)) == [(3, {"id": "1", "text": "a,b"})]


def test_columns_without_a_name_are_left_out(make: Make) -> None:
    path = make(".csv", "id,,text,\n1,x,a,\n")
    assert list(tables.read(path)) == [(2, {"id": "1", "text": "a"})]


def test_names_in_any_case(make: Make) -> None:
    assert list(tables.read(make(".tsv", " Id\tTEXT \n1\ta"))) == [(2, {"id": "1", "text": "a"})]
    path = make(".jsonl", '{"ID ": "1", "Text": "a"}')
    assert list(tables.read(path)) == [(1, {"id": "1", "text": "a"})]


def test_lenient_json(make: Make) -> None:
    path = make(".jsonl", '{"id": 7, "text": ["a", "b"], "x": 1.5, "y": {}, "z": null, "t": true}')
    assert list(tables.read(path, lenient=True)) == [(1, {"id": "7", "text": "a\nb"})]
    path = make(".jsonl", '{"text": ["a", "\\ud800"]}')
    with pytest.raises(ConversionError, match=r":1: 'text' has half a surrogate pair"):
        list(tables.read(path, lenient=True))


def test_quoted_whatever_the_name(make: Make) -> None:
    path = make(".tsv", 'Id\tText\n1\t"a ""b""\tc\nd"\n2\te\n')
    assert list(tables.read_quoted(path, "\t")) == [
        (2, {"id": "1", "text": 'a "b"\tc\nd'}),
        (4, {"id": "2", "text": "e"}),
    ]


@pytest.mark.parametrize(
    ("suffix", "content", "expected"),
    [
        (".csv", 'id,text\n1,"a\nb\nc"\n2\n', "5: 1 values, but the header names 2 columns"),
        (".csv", 'id,text\n1,a\n\n2,"x\ny"z\n', "4: ',' expected after '\"'"),
        (".csv", 'id,text\n1,a\n2,"x\ny\nz', "3: unexpected end of data"),
        (".csv", 'id,text\n1,"x\n' + "y\n" * 100_000,
         "2: field larger than field limit (131072); does a cell before it lack"),
        (".csv", "id;ID\n1;2\n", "1: the header names a column twice: id, id"),
        (".csv", "\nid;text\n1;2;3\n", "3: 3 values, but the header names 2 columns"),
        (".csv", "name;text\n1;2\n", "2: there is no column 'id'; there are: name, text"),
        (".csv", "id;text\n1;Stra\xdfe\n".encode("cp1252"),
         "2: this is not UTF-8; save it as UTF-8 (a spreadsheet calls it 'CSV UTF-8'; "),
        (".csv", "id;text\n".encode("utf-16"), "1: this is not UTF-8 but UTF-16; save it as"),
        (".jsonl", '{"id": "1", "ID": "2"}', "1: a name is there twice: id, ID"),
        (".jsonl", '{"id": 1, "text": "a"}', "1: 'id' is not a string"),
        (".xlsx", "PK", " name it .tsv, .csv or .jsonl"),
    ],
)  # fmt: skip
def test_what_is_wrong(make: Make, suffix: str, content: str | bytes, expected: str) -> None:
    assert refusal(make(suffix, content)).startswith(expected)


def test_a_huge_line_of_tsv(make: Make) -> None:
    huge = "x" * 5_000_000
    assert list(tables.read(make(".tsv", f"text\n{huge}\n"))) == [(2, {"text": huge})]
