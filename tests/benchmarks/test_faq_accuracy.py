import json
from pathlib import Path

from benchmarks import faq_accuracy

METHODS = ["BM25", "classic recipe, 500 trees"]


def test_cells_are_measured_once(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "accuracy.md"
    arguments = ["--sets", str(folder), "-o", str(out), "--methods", *METHODS]
    assert faq_accuracy.main(arguments) == 0
    table = out.read_text(encoding="utf-8")
    assert "| BM25 | 1.000 (1.000-1.000) |" in table
    (row,) = (line for line in table.splitlines() if line.startswith("| classic"))
    assert row.startswith("| classic recipe, 500 trees | - | 0.")  # nothing to learn from
    assert row.split("|")[-2].strip() > "0.6"
    assert out.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    store = out.with_suffix(".json")
    cells = json.loads(store.read_text())
    marked = {name: {**cell, "seconds": -1} for name, cell in cells.items()}
    store.write_text(json.dumps(marked))
    assert faq_accuracy.main([*arguments, "--again", "BM25"]) == 0
    seconds = {name: cell["seconds"] for name, cell in json.loads(store.read_text()).items()}
    assert {name for name, took in seconds.items() if took >= 0} == {
        name for name in cells if "BM25" in name
    }
