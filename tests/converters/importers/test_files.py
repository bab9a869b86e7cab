import json
from pathlib import Path

import pytest

from converters.export import ConversionError
from converters.faq import data
from converters.faq.data import Duplicate
from converters.faq.prepared import Prepared
from converters.faq.steps import Step
from converters.importers import files
from server.contract import Entry

ENTRIES = [
    Entry(id="a", question='Why "so"\u2028?\n\U0001f600', answer="Thus\r\n\tso\0."),
    Entry(id="b", question="B?", answer=None),
]
DATA = Prepared(
    ENTRIES,
    [Duplicate("x\ny", 1), Duplicate("z", 0)],
    [Duplicate("tested", 0, "7")],
    ["none"],
    ["none tested"],
    (Step("too short", "duplicates", 1, 2, ("é",), "--min-length 3"),),
)


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "faq"
    written = files.write(folder, DATA)
    assert sorted(path.name for path in written) == sorted(path.name for path in folder.iterdir())
    assert data.read_originals(folder / "originals.jsonl") == ENTRIES
    assert data.read_duplicates(folder / "duplicates.jsonl", ENTRIES) == DATA.duplicates
    test = data.read_duplicates(folder / "test.jsonl", ENTRIES)
    assert (test, test[0].id) == (DATA.test, "7")
    assert data.read_questions(folder / "no_match.jsonl") == ["none"]
    assert data.read_questions(folder / "no_match_test.jsonl") == ["none tested"]
    (step,) = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert step["examples"] == ["é"]


def test_what_is_empty_is_not_written(tmp_path: Path) -> None:
    files.write(tmp_path, Prepared(ENTRIES, [], [], [], []))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["originals.jsonl", "report.json"]


@pytest.mark.parametrize("name", ["originals.jsonl", "test.jsonl", "report.json"])
def test_nothing_is_overwritten(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(ConversionError, match=f"{name} is there already; name another folder"):
        files.write(tmp_path, DATA)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]
