"""`rtscore-convert evaluate` of a FAQ model, by its command line, on a real file."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from converters.__main__ import main
from converters.faq.answers import Answers
from converters.faq.data import sha256
from converters.faq.evaluate import evaluate
from converters.faq.figures import Outcomes
from converters.faq.meanings import MEANINGS
from converters.faq.served import ServedModel
from tests import faq_set, tiny

# The model knows these three words; the second duplicate has none, so its entry comes second.
TEST = (("sort an array", "sort"), ("whatever", "date"), ("which string", "string"))
NO_MATCH = ("how to boil an egg", "compare cats and dogs")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    content = tiny.stamped(tiny.faq_graph(), tiny.faq_contract())
    return tiny.write(tmp_path, content, "faq.onnx")


@pytest.fixture
def test_file(tmp_path: Path) -> Path:
    return faq_set.write_jsonl(
        tmp_path / "test.jsonl",
        (
            {"id": str(number), "original_id": entry, "text": text}
            for number, (text, entry) in enumerate(TEST)
        ),
    )


@pytest.fixture
def no_match(tmp_path: Path) -> Path:
    return faq_set.write_questions(tmp_path / "none.jsonl", NO_MATCH)


def expected(model: Path) -> Answers:
    texts = [*(text for text, _ in TEST), *NO_MATCH]
    return ServedModel.of(model).answers(texts, [0, 1, 2])


def test_it_prints_and_writes(model: Path, test_file: Path, no_match: Path, tmp_path: Path) -> None:
    plot, figures = tmp_path / "out" / "plot.png", tmp_path / "out" / "figures.json"
    page = tmp_path / "out" / "report.html"
    finished = subprocess.run(
        [
            *(sys.executable, "-m", "converters", "evaluate", model, "--test", test_file),
            *("--no-match-test", no_match, "--plot", plot, "--json", figures, "--seed", "3"),
            *("--report", page),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={"COLUMNS": "150"},
    )
    assert finished.returncode == 0, finished.stderr
    found = evaluate(expected(model).outcomes, 0.5, seed=3)
    rows = re.findall(r"│ (\w+) +│ ([\d.]+) +│ (?:([\d.]+) to ([\d.]+))?", finished.stdout)
    assert [row[0] for row in rows] == [name for name in MEANINGS if name in found]
    for name, *values in rows:
        assert [float(value) for value in values if value] == pytest.approx(
            found[name][: 1 if not values[1] else 3], abs=6e-4
        )
    written = json.loads(figures.read_text(encoding="utf-8"))
    assert written.pop("figures") == {
        name: {**figure._asdict(), "meaning": MEANINGS[name].text} for name, figure in found.items()
    }
    assert written == {
        "model": {"file": "faq.onnx", "version": sha256(model)[:12]},
        "threshold": 0.5,
        "seed": 3,
        "data_sha256": {"test": sha256(test_file), "no_match_test": sha256(no_match)},
    }
    assert plot.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert finished.stderr.splitlines() == [
        f"{model}: version {sha256(model)[:12]}, threshold 0.500",
        f"writing {plot}",
        f"writing {figures}",
        f"writing {page}",
    ]
    for text in (
        "Report on faq.onnx",
        "3 entries, threshold 0.500",
        "Entries that may be the same",
    ):
        assert text in page.read_text(encoding="utf-8")


def test_the_file_alone_is_enough(
    model: Path, test_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(tmp_path.iterdir())
    assert main(["evaluate", str(model), "--test", str(test_file)]) == 0
    shown = capsys.readouterr().out
    assert "accuracy_at_1" in shown
    assert "no_match_recall" not in shown
    assert sorted(tmp_path.iterdir()) == before


def test_the_tiny_model_is_asked_what_this_file_thinks(model: Path) -> None:
    outcomes: Outcomes = expected(model).outcomes
    assert outcomes.ranks.tolist()[:2] == [1, 2]
    assert outcomes.ranks.tolist()[3:] == [0, 0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{model}"], "{model} is a FAQ model; give --test FILE to ask it"),
        (["{model}", "--test", "{nowhere}"], "No such file or directory: '{nowhere}'"),
        (["{model}", "--test", "{other}"], "{other}:2: original_id 'sizes' is no id"),
        (["{model}", "--test", "{none}"], "{none}:1: there is no column 'id'"),
    ],
)
def test_what_is_wrong_is_one_line(
    model: Path,
    test_file: Path,
    no_match: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    other = tmp_path / "other.tsv"
    other.write_text("id\toriginal_id\ttext\n1\tsizes\tWhich size?\n")
    names = {
        "model": model,
        "test": test_file,
        "none": no_match,
        "other": other,
        "nowhere": tmp_path / "nowhere.jsonl",
    }
    assert main(["evaluate", *(argument.format(**names) for argument in arguments)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("rtscore-convert evaluate: ")
    assert message.format(**names) in line
