from pathlib import Path

import pytest

from converters.classify import labelled
from converters.classify.labelled import Picture
from converters.export import ConversionError
from tests import picture_set
from tests.picture_set import write_table

LABELS = picture_set.labels(("tiger shark", "crane", "crane", "Junco"))
FILES = ("a.png", "sub/b.png")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return picture_set.write_pictures(tmp_path / "pictures", dict.fromkeys(FILES, 0))


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("file,wnid,class_index,name", ("a.png,n0,0,tiger_shark", "sub/b.png,n3,3,dark-eyed")),
        ("file,id", ("a.png,n0", "sub/b.png, n3 ")),
        ("file,class_index", ("a.png,0", "sub/b.png,3")),
        ("Name,FILE", ("Tiger_Shark,a.png", "junco,sub/b.png")),
        ("file,label", ("a.png,tiger shark", "sub/b.png,JUNCO")),
    ],
)
def test_the_class_by_id_index_or_name(
    tmp_path: Path, folder: Path, header: str, rows: tuple[str, ...]
) -> None:
    table = write_table(tmp_path / "labels.tsv", header, rows)
    assert labelled.read(table, folder, LABELS) == [
        Picture("a.png", folder / "a.png", 0),
        Picture("sub/b.png", folder / "sub" / "b.png", 3),
    ]


def test_other_kinds_of_table(tmp_path: Path, folder: Path) -> None:
    lines = tmp_path / "labels.jsonl"
    lines.write_text('{"file": "a.png", "id": "n1"}\n')
    commas = tmp_path / "labels.csv"
    commas.write_text("file;id\na.png;n1\n")
    for table in (lines, commas):
        assert [one.label for one in labelled.read(table, folder, LABELS)] == [1]


@pytest.mark.parametrize(
    ("header", "rows", "message"),
    [
        ("wnid", ("n0",), ":2: there is no column 'file'; there are: wnid"),
        ("file", ("a.png",), ":2: no column tells the class; name one of its columns id (or wnid)"),
        ("file,id", ("a.png,n0", ",n0"), ":3: file is empty"),
        ("file,id", ("a.png, ",), ":2: id is empty"),
        (
            "file,id",
            ("a.png,n9",),
            ":2: id 'n9' is no class of the model; the first of its 4",
        ),
        ("file,name", ("a.png,cat",), ":2: name 'cat' is no class of the model; the first of"),
        ("file,name", ("a.png,Crane",), ":2: name 'Crane' is that of 2 classes of the model; tell"),
        (
            "file,class_index",
            ("a.png,4",),
            ":2: class_index '4' is no class of the model;",
        ),
        ("file,class_index", ("a.png,-1",), ":2: class_index '-1' is no class of the model"),
        ("file,class_index", ("a.png,1.0",), ":2: class_index '1.0' is no class"),
        ("file,class_index", ("a.png,²",), ":2: class_index '²' is no class"),
        ("file,class_index", (f"a.png,{'9' * 5000}",), ":2: class_index '9999"),
        (
            "file,wnid,class_index",
            ("a.png,n0,0", "sub/b.png,n1,2"),
            ":3: two columns disagree on the class: by the model's labels, wnid n1 is 1 and "
            "class_index 2 is 2",
        ),
        ("file,id", ("a.png,n0", "a.png,n0"), ":3: a.png is there twice"),
        ("file,id", ("a.png,n0,n1",), ":2: 3 values, but the header names 2 columns"),
        ("file,id", (), ": there are no pictures in it"),
    ],
)
def test_mistakes_are_named_with_their_line(
    tmp_path: Path, folder: Path, header: str, rows: tuple[str, ...], message: str
) -> None:
    table = write_table(tmp_path / "labels.tsv", header, rows)
    with pytest.raises(ConversionError) as caught:
        labelled.read(table, folder, LABELS)
    assert str(caught.value).startswith(f"{table}{message}")


def test_missing_files_are_listed(tmp_path: Path, folder: Path) -> None:
    table = write_table(tmp_path / "labels.tsv", "file,id", ("a.png,n0", "no.png,n1", "sub,n1"))
    with pytest.raises(ConversionError) as caught:
        labelled.read(table, folder, LABELS)
    assert str(caught.value) == f"{folder} lacks 2 of the files: no.png, sub"
    table = write_table(tmp_path / "labels.tsv", "file,id", [f"{n}.png,n0" for n in range(15)])
    with pytest.raises(ConversionError, match=r"lacks 15 of the files: 0.png, .*9.png and 5 more$"):
        labelled.read(table, folder, LABELS)


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    table = write_table(tmp_path / "labels.tsv", "file,id", ("a.png,n0",))
    with pytest.raises(ConversionError, match=r"labels\.tsv: this is no folder"):
        labelled.read(table, table, LABELS)
