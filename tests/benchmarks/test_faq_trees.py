import json
from pathlib import Path

from benchmarks import faq_trees


def test_what_is_measured_is_kept(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "trees.md"
    arguments = ["--sets", str(folder), "-o", str(out), "--most-trees", "10"]
    assert faq_trees.main(arguments) == 0
    table = out.read_text(encoding="utf-8")
    for name in ("classic, trees: 1", "classic, trees: 10", "rtscore"):
        assert f"| {name} | " in table
    assert "trees: 50" not in table
    assert out.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    store = out.with_suffix(".json")
    kept = store.read_text(encoding="utf-8")
    (mine,) = next(rows for name, rows in json.loads(kept).items() if name.endswith("| rtscore"))
    assert mine["accuracy_at_1"][0] > 0.6
    assert 0 < mine["seconds_a_question"] < mine["seconds"]
    assert faq_trees.main(arguments) == 0
    assert store.read_text(encoding="utf-8") == kept
