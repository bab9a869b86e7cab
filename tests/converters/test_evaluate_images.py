"""`rtscore-convert evaluate` of an image model, by its command line, on a real file."""

import json
import os
import re
from pathlib import Path

import pytest

from converters.__main__ import main
from converters.classify.meanings import MEANINGS
from converters.faq.data import sha256
from tests import picture_set

NAMES = ("dark", "a", "b", "c", "d", "e", "<b>bright</b>")
GREYS = {"black.png": 0, "grey.png": 120, "white.png": 255}
# The model says the first class to the first, and the last one to the others.
ROWS = ("black.png,n0", "grey.png,n6", "white.png,n1", "text.png,n1")

FOLDER = os.environ.get("TEST_PHOTOS")


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    folder = picture_set.write_pictures(tmp_path / "pictures", GREYS)
    (folder / "text.png").write_text("hello")
    return {
        "model": picture_set.model(tmp_path, NAMES),
        "folder": folder,
        "table": picture_set.write_table(tmp_path / "labels.tsv", "file,wnid", ROWS),
    }


def test_it_prints_and_writes(
    files: dict[str, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    caplog.set_level("INFO", "rtscore.convert")
    plot, figures = tmp_path / "out" / "plot.png", tmp_path / "out" / "figures.json"
    page = tmp_path / "out" / "report.html"
    model, table = files["model"], files["table"]
    given = ("--images", files["folder"], "--labels", table, "--seed", 3)
    written_to = ("--plot", plot, "--json", figures, "--report", page)
    assert main(["evaluate", *map(str, (model, *given, *written_to))]) == 0
    rows = re.findall(r"│ (\w+) +│ ([\d.]+) +│", capsys.readouterr().out)
    assert [name for name, _ in rows] == list(MEANINGS)
    shown = {name: float(value) for name, value in rows}
    assert shown["top_1"] == pytest.approx(2 / 3, abs=6e-4)
    assert (shown["pictures"], shown["unreadable"]) == (3, 1)
    written = json.loads(figures.read_text(encoding="utf-8"))
    found = written.pop("figures")
    assert {name: one["value"] for name, one in found.items()} == pytest.approx(shown, abs=6e-4)
    assert {one["meaning"] for one in found.values()} == {one.text for one in MEANINGS.values()}
    (mistake,) = written.pop("mistakes")
    assert mistake.pop("probability") > 1 / 7
    assert mistake == {"file": "white.png", "right": "n1", "said": "n6"}
    (unreadable,) = written.pop("unreadable")
    assert unreadable["file"] == "text.png"
    assert written == {
        "model": {"file": "image.onnx", "version": sha256(model)[:12]},
        "seed": 3,
        "data_sha256": {"labels": sha256(table)},
    }
    assert plot.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert caplog.messages == [
        f"'text.png' is left out: {unreadable['reason']}",
        f"{model}: version {sha256(model)[:12]}, fp32",
        f"writing {plot}",
        f"writing {figures}",
        f"writing {page}",
    ]
    text = page.read_text(encoding="utf-8")
    assert "Report on image.onnx" in text
    assert "white.png: a, taken for &lt;b&gt;bright&lt;/b&gt;" in text
    assert "<b>bright" not in text


def test_the_pictures_alone_are_enough(
    files: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(tmp_path.rglob("*"))
    given = ("--images", str(files["folder"]), "--labels", str(files["table"]))
    assert main(["evaluate", str(files["model"]), *given]) == 0
    assert "top_1" in capsys.readouterr().out
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (("black.png,n7",), "{table}:2: wnid 'n7' is no class of the model"),
        (("black.png,n0", "pink.png,n1"), "{folder} lacks 1 of the files: pink.png"),
        (("text.png,n1",), "none of the 1 pictures can be decoded; the first one: text.png: "),
    ],
)
def test_what_is_wrong_is_one_line(
    files: dict[str, Path],
    capsys: pytest.CaptureFixture[str],
    rows: tuple[str, ...],
    message: str,
) -> None:
    picture_set.write_table(files["table"], "file,wnid", rows)
    given = ("--images", str(files["folder"]), "--labels", str(files["table"]))
    assert main(["evaluate", str(files["model"]), *given]) == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("rtscore-convert evaluate: ")
    assert message.format(**files) in line


@pytest.mark.skipif(
    not FOLDER, reason="TEST_PHOTOS does not name a folder of photos with a labels.tsv"
)
def test_the_default_model_on_the_photos(efficientnet_lite0: Path, tmp_path: Path) -> None:
    folder, figures, page = Path(str(FOLDER)), tmp_path / "figures.json", tmp_path / "report.html"
    given = ("--images", str(folder), "--labels", str(folder / "labels.tsv"))
    written = ("--json", str(figures), "--report", str(page))
    assert main(["evaluate", str(efficientnet_lite0), *given, *written]) == 0
    found = json.loads(figures.read_text(encoding="utf-8"))
    values = {name: one["value"] for name, one in found["figures"].items()}
    assert (values["pictures"], values["unreadable"]) == (80, 0)
    assert abs(80 * values["top_1"] - 71) < 1.5
    assert abs(80 * values["top_5"] - 77) < 1.5
    assert len(found["mistakes"]) == round(80 * (1 - values["top_1"]))
    # The page loads nothing, so it holds the pictures; it can still be sent by mail.
    assert page.stat().st_size < 1_000_000
    assert page.read_text(encoding="utf-8").count("<img ") == len(found["mistakes"])
