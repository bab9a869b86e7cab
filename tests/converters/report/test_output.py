import json
from pathlib import Path

import pytest

from converters.report import output
from converters.report.intervals import Figure
from converters.report.meaning import Meaning


def test_a_place_has_its_folder(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "new" / "folder" / "plot.png"
    with caplog.at_level("INFO", "rtscore.convert"):
        assert output.place(path) == path
    assert path.parent.is_dir()
    assert not path.exists()
    assert caplog.messages == [f"writing {path}"]


def test_json_for_programs(tmp_path: Path) -> None:
    path = tmp_path / "new" / "found.json"
    found = output.figures(
        {"accuracy": Figure(0.5, 0.25, 0.75)}, {"accuracy": Meaning("Accuracy", "é comes first")}
    )
    output.write_json(path, {"figures": found})
    text = path.read_text(encoding="utf-8")
    assert text.endswith("}\n")
    assert "é comes first" in text
    assert json.loads(text) == {
        "figures": {
            "accuracy": {"value": 0.5, "low": 0.25, "high": 0.75, "meaning": "é comes first"}
        }
    }
