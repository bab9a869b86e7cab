"""`rtscore-convert import` from files to files, by its command line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from converters.__main__ import main
from converters.faq import data
from converters.import_faq import IMPORTERS
from tests import dump_set

SHEET = "question;answer;also\n" + "".join(
    f'How do I do thing {number}?;By doing {number};"'
    + "\n".join(f"{way} {number}" for way in "abcde")
    + '"\n'
    for number in range(4)
)


def run(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "converters", "import", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "faq.csv"
    path.write_text(SHEET)
    return path


def test_help_names_every_kind(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["import", "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    for name, importer in IMPORTERS.items():
        assert f"{name} {importer.HELP}" in shown


@pytest.mark.parametrize("name", IMPORTERS)
def test_help_of_a_kind(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["import", name, "--help"])
    assert caught.value.code == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"usage: rtscore-convert import {name}")
    for option in ("-o FOLDER", "--min-duplicates N", "--split SHARE", "--seed"):
        assert option in shown


def test_from_a_spreadsheet_to_a_split(sheet: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    options = ("--alternatives", "also", "--split", ".21", "--seed", "1", "-o", folder)
    finished = run("table", sheet, *options)
    assert finished.returncode == 0, finished.stderr
    entries = data.read_originals(folder / "originals.jsonl")
    assert len(entries) == 4
    for name, number in (("duplicates", 16), ("test", 4)):
        found = data.read_duplicates(folder / f"{name}.jsonl", entries)
        assert len(found) == number
        assert {one.entry for one in found} == {0, 1, 2, 3}
    assert "--split 0.21" in finished.stdout
    lines = finished.stderr.splitlines()
    assert lines[-1] == (
        "4 entries, 4 of them with duplicates to train on; 20 duplicates, 4 of them for the test; "
        "0 questions without an entry"
    )
    assert lines[:-1] == [
        str(folder / name)
        for name in ("report.json", "originals.jsonl", "duplicates.jsonl", "test.jsonl")
    ]
    steps = json.loads((folder / "report.json").read_text())
    assert [step["name"] for step in steps][-1] == "to the test"


def test_the_same_seed_writes_the_same_files(sheet: Path, tmp_path: Path) -> None:
    for name, seed in (("one", "1"), ("again", "1"), ("other", "2")):
        options = ["--alternatives", "also", "--split", ".4", "--seed", seed]
        assert main(["import", "table", str(sheet), *options, "-o", str(tmp_path / name)]) == 0
    one, again, other = (
        [path.read_bytes() for path in sorted((tmp_path / name).glob("*.jsonl"))]
        for name in ("one", "again", "other")
    )
    assert one == again != other


def test_a_dump(tmp_path: Path) -> None:
    (tmp_path / "Posts.xml").write_text(dump_set.POSTS)
    (tmp_path / "PostLinks.xml").write_text(dump_set.LINKS)
    arguments = ["--posts", tmp_path / "Posts.xml", "--links", tmp_path / "PostLinks.xml"]
    folder = tmp_path / "out"
    more = ["--no-match", "9", "--min-duplicates", "2", "--fallen", "no-match"]
    assert main(["import", "stackexchange", *map(str, [*arguments, *more, "-o", folder])]) == 1
    assert main(["import", "stackexchange", *map(str, [*arguments, *more[:2], "-o", folder])]) == 0
    assert data.read_questions(folder / "no_match.jsonl") == ["Unrelated"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--question", "nowhere"], "there is no column 'nowhere'"),
        (["--min-duplicates", "99", "--alternatives", "also"], "preparation leaves 0 entries"),
        (["--min-length", "99"], "preparation leaves 0 entries"),
    ],
)
def test_what_is_wrong_is_one_line(
    sheet: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], message: str
) -> None:
    folder = tmp_path / "out"
    assert main(["import", "table", str(sheet), *more, "-o", str(folder)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("rtscore-convert import: ")
    assert message in line
    assert not folder.exists()


def test_one_entry_is_no_faq(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "faq.csv"
    path.write_text("question\nWhy?\n")
    assert main(["import", "table", str(path), "-o", str(tmp_path / "out")]) == 1
    assert "found 1 entries, and a FAQ needs two" in capsys.readouterr().err


def test_a_folder_that_is_in_use(
    sheet: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["import", "table", str(sheet), "-o", str(tmp_path / "out")]
    assert main(arguments) == 0
    assert main(arguments) == 1
    assert "originals.jsonl is there already" in capsys.readouterr().err
