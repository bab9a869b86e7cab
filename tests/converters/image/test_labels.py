from pathlib import Path

import pytest

from converters import imagenet
from converters.export import ConversionError
from converters.image.labels import find_labels, read_labels
from server.contract import Label


def _file(folder: Path, text: str) -> Path:
    path = folder / "labels.txt"
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize("given", [None, "imagenet"])
def test_a_thousand_classes_are_imagenets(given: str | None) -> None:
    assert find_labels(given, 1000) == imagenet.labels()


def test_one_a_line_and_their_numbers_are_the_ids(tmp_path: Path) -> None:
    path = _file(tmp_path, "\ufeffcrane\r\nMiśka\r\ncrane\r\n")
    assert find_labels(str(path), 3) == (
        Label(id="0", label="crane"),
        Label(id="1", label="Miśka"),
        Label(id="2", label="crane"),
    )


def test_ids_before_a_tab(tmp_path: Path) -> None:
    path = _file(tmp_path, "n02\tgolden retriever\nn01\ttench")
    assert read_labels(path) == (
        Label(id="n02", label="golden retriever"),
        Label(id="n01", label="tench"),
    )


@pytest.mark.parametrize(
    ("given", "classes", "said"),
    [
        (None, 10, "gives 10 classes; give --labels FILE"),
        (None, 1001, "'background' as the first"),
        ("imagenet", 999, "imagenet has 1000 labels, but the network gives 999 classes"),
        ("imagenet", 1001, "'background' as the first"),
    ],
)
def test_wrong_numbers_of_labels(given: str | None, classes: int, said: str) -> None:
    with pytest.raises(ConversionError, match=said):
        find_labels(given, classes)


def test_a_file_of_too_few(tmp_path: Path) -> None:
    path = _file(tmp_path, "a\nb\n")
    with pytest.raises(ConversionError, match=r"labels\.txt has 2 labels, .* gives 3 classes"):
        find_labels(str(path), 3)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("a\n\nb\n", ":2: expected is a label, as in every line"),
        ("a\nb\tc\n", ":2: expected is a label"),
        ("a\tb\nc\n", ":2: expected is id, tab and label"),
        ("a\t\n", ":1: expected is id, tab and label"),
        ("a\tb\tc\n", ":1: expected is id, tab and label"),
        ("a\tb\na\tc\n", ":2: the id 'a' is there twice"),
    ],
)
def test_files_that_are_no_labels(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConversionError, match=said):
        read_labels(_file(tmp_path, text))


def test_a_file_in_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    path.write_bytes("Bär".encode("latin-1"))
    with pytest.raises(ConversionError, match="is not a text file in UTF-8"):
        read_labels(path)
