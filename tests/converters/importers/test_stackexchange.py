import argparse
from pathlib import Path

import pytest

from converters.export import ConversionError
from converters.faq.data import Duplicate
from converters.importers import stackexchange
from converters.importers.imported import Imported
from tests.dump_set import LINKS, POSTS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Posts.xml").write_text(POSTS)
    (tmp_path / "PostLinks.xml").write_text(LINKS)
    return tmp_path


def read(folder: Path, *more: str) -> Imported:
    parser = argparse.ArgumentParser()
    stackexchange.add_arguments(parser)
    parser.add_argument("--seed", type=int, default=0)
    files = ["--posts", str(folder / "Posts.xml"), "--links", str(folder / "PostLinks.xml")]
    return stackexchange.read(parser.parse_args([*files, *more]))


def test_a_dump(folder: Path) -> None:
    found = read(folder, "--tag", "js", "html", "--no-match", "9")
    assert [(entry.id, entry.question, entry.answer) for entry in found.entries] == [
        ("1", "Sort?", "Use <".replace("<", "\\<")),
        ("2", "Copy?", None),
    ]
    assert found.duplicates == [
        Duplicate("Sort arrays", 0),
        Duplicate("Copy an object", 1),
        Duplicate("How to sort", 0),
    ]
    assert found.no_match == ["Unrelated"]
    assert {step.name: step.count for step in found.report if step.count} == {
        "to one more original: left out": 1,
        "of a duplicate: given to its last original": 1,
        "without an answer: kept": 1,
    }


def test_too_few_originals(folder: Path) -> None:
    for more in (["--min-score", "6"], ["--tag", "cobol"]):
        with pytest.raises(ConversionError, match=r"Posts\.xml: 0 originals are such as --tag"):
            read(folder, *more)


def test_no_links(folder: Path) -> None:
    (folder / "PostLinks.xml").write_text("<postlinks/>")
    with pytest.raises(ConversionError, match=r"PostLinks\.xml: there is no link between dupl"):
        read(folder)


def test_the_files_are_mixed_up(folder: Path) -> None:
    (folder / "PostLinks.xml").write_text(POSTS)
    with pytest.raises(ConversionError, match=r"PostLinks\.xml:2: the root is <posts>, but"):
        read(folder)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('Id="2" PostTypeId', 'PostTypeId', ":4: a row lacks Id"),
        ('Score="5" Title="Copy?"', 'Score="5x"', ":4: a row has no number, but '5x',"),
        ('ParentId="1"', 'ParentId=""', ":9: a row has no number, but '', for ParentId"),
        ("</posts>", "", ":11: this is not XML: no element found"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_posts(folder: Path, old: str, new: str, expected: str) -> None:
    (folder / "Posts.xml").write_text(POSTS.replace(old, new))
    with pytest.raises(ConversionError) as caught:
        read(folder)
    assert str(caught.value).startswith(f"{folder / 'Posts.xml'}{expected}")
