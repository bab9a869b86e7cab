"""`rtscore-convert sklearn` from a joblib file to a served model, by its command line."""

import csv
import dataclasses
import hashlib
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

from converters.__main__ import main
from converters.faq.samples import ADVERSARIAL
from server.contract import FaqContract
from server.session import Session
from tests import faq_set
from tests.live import LiveServer

IDS = [faq_set.ENTRIES[one.entry].id for one in faq_set.DUPLICATES]
TEXTS = [one.text for one in faq_set.DUPLICATES]


def convert(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "converters", "sklearn", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def fit(*steps: Any) -> Any:
    return make_pipeline(*steps).fit(TEXTS, IDS)


@dataclass(frozen=True)
class Files:
    """A fitted model and what goes with it."""

    source: Any
    model: Path
    entries: Path
    test: Path
    texts: Path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The entries stand in another order than the model's classes do."""
    folder = tmp_path_factory.mktemp("sklearn")
    source = fit(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression(C=50))
    joblib.dump(source, folder / "model.joblib")
    return Files(
        source,
        folder / "model.joblib",
        faq_set.write_originals(folder / "entries.jsonl", faq_set.ENTRIES[::-1]),
        faq_set.write_duplicates(folder / "test.jsonl", faq_set.DUPLICATES[::4]),
        faq_set.write_questions(folder / "texts.jsonl", faq_set.NO_MATCH),
    )


@pytest.fixture(scope="module")
def converted(files: Files, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    path = tmp_path_factory.mktemp("converted") / "faq.onnx"
    finished = convert(
        files.model,
        *("--entries", files.entries, "--test", files.test, "--texts", files.texts),
        *("--threshold", "0.25", "-o", path),
    )
    assert finished.returncode == 0, finished.stderr
    return path, finished


def contract_of(path: Path) -> FaqContract:
    found = Session(path).contract
    assert isinstance(found, FaqContract)
    return found


def test_it_reports(converted: tuple[Path, Any]) -> None:
    path, finished = converted
    entries = len(faq_set.ENTRIES)
    answers = sum(entry.answer is not None for entry in faq_set.ENTRIES)
    given = entries + answers + len(faq_set.DUPLICATES[::4]) + len(faq_set.NO_MATCH)
    assert re.fullmatch(
        rf"{path}: {entries} entries, \d+ terms, 0\.\d MB in \d+ s; largest difference from "
        rf"scikit-learn \d\.\de-\d\d over {100 + len(ADVERSARIAL) + given} texts\n",
        finished.stderr,
    )
    assert "│ accuracy_at_1" in finished.stdout
    assert [one.name for one in path.parent.iterdir()] == ["faq.onnx"]


def test_the_file_says_what_it_is(converted: tuple[Path, Any], files: Files) -> None:
    contract = contract_of(converted[0])
    assert list(contract.entries) == list(faq_set.ENTRIES[::-1])
    assert contract.threshold == 0.25
    assert contract.provenance.source == "rtscore-convert sklearn model.joblib"
    named = {name: getattr(files, name) for name in ("model", "entries", "test", "texts")}
    assert contract.provenance.data_sha256 == {
        name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in named.items()
    }
    asked = faq_set.DUPLICATES[::4]
    right = files.source.predict([one.text for one in asked]) == IDS[::4]
    assert contract.accuracy["accuracy_at_1"] == pytest.approx(right.mean())
    assert contract.accuracy["test_duplicates"] == len(asked)


def test_a_real_server_answers_as_scikit_learn_does(
    converted: tuple[Path, Any], files: Files
) -> None:
    with (
        LiveServer({"faq_model": converted[0], "image_model": "", "port": 0}) as server,
        server.client() as client,
    ):
        for text in (*TEXTS[:20], *faq_set.NO_MATCH[:5], "ΟΔΟΣ café 👩‍👧", "İ"):
            answer = client.post("/v1/faq", json={"question": text, "top_k": 10})
            assert answer.status_code == 200, answer.text
            found = {one["id"]: one["probability"] for one in answer.json()["matches"]}
            expected = files.source.predict_proba([text])[0]
            assert found == pytest.approx(
                dict(zip(files.source.classes_, expected, strict=True)), abs=1e-5
            )
            assert answer.json()["matched"] == (expected.max() >= 0.25)


def in_process(files: Files, out: Path, *more: str | Path) -> int:
    arguments = [files.model, "--entries", files.entries, "-o", out, *more]
    return main(["sklearn", *map(str, arguments)])


def test_two_files_are_enough(
    files: Files, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The entries come from a CSV; without a threshold all questions match, which is said."""
    entries = tmp_path / "entries.csv"
    with entries.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(
            [["id", "text"], *([entry.id, entry.question] for entry in faq_set.ENTRIES)]
        )
    with caplog.at_level("INFO"):
        assert in_process(files, tmp_path / "faq.onnx", "--entries", entries) == 0
    assert caplog.messages[0] == "no --threshold was given: every question counts as matched"
    contract = contract_of(tmp_path / "faq.onnx")
    assert (contract.threshold, contract.accuracy) == (0, {})
    assert set(contract.provenance.data_sha256) == {"model", "entries"}


def test_entries_that_the_model_does_not_know(
    files: Files,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    new = dataclasses.replace(faq_set.ENTRIES[0], id="new")
    entries = faq_set.write_originals(tmp_path / "more.jsonl", [new, *faq_set.ENTRIES])
    out = tmp_path / "faq.onnx"
    assert in_process(files, out, "--entries", entries) == 1
    assert "the model has no class for 'new'; train it" in capsys.readouterr().err
    assert in_process(files, out, "--entries", entries, "--known-only") == 0
    assert "1 entries that the model does not know left out" in caplog.messages
    assert list(contract_of(out).entries) == list(faq_set.ENTRIES)


def test_texts_that_are_too_long_to_compare_are_counted(
    files: Files, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    words = [f"w{number}" for number in range(1100)]
    source = make_pipeline(CountVectorizer(), MultinomialNB())
    source.fit([*TEXTS, " ".join(words)], [*IDS, IDS[0]])
    joblib.dump(source, tmp_path / "model.joblib")
    long = faq_set.write_questions(tmp_path / "long.jsonl", [" ".join(words), "short"])
    arguments = [tmp_path / "model.joblib", "--entries", files.entries, "--texts", long]
    assert main(["sklearn", *map(str, [*arguments, "-o", tmp_path / "faq.onnx"])]) == 0
    assert "1 texts have 1024 known terms or more and were not compared: of a text" in caplog.text


def test_a_graph_that_differs_is_not_written(
    files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A model whose parts do not belong together: its vectorizer says other idf than it uses."""
    source = joblib.load(files.model)
    source[0]._tfidf = Twice(source[0]._tfidf)
    joblib.dump(source, tmp_path / "model.joblib")
    arguments = [tmp_path / "model.joblib", "--entries", files.entries, "-o", tmp_path / "faq.onnx"]
    assert main(["sklearn", *map(str, arguments)]) == 1
    assert "differs from the source model by" in capsys.readouterr().err
    assert [one.name for one in tmp_path.iterdir()] == ["model.joblib"]


class Twice:
    """TF-IDF with the settings of another one, whose rows are twice as long."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "inner":
            raise AttributeError(name)
        return getattr(self.inner, name)

    def transform(self, rows: Any, copy: bool = True) -> Any:
        return 2 * self.inner.transform(rows, copy=copy)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("hashing", fit(HashingVectorizer(), LogisticRegression()), "step 'hashingvectorizer': Ha"),
        ("numbers", np.zeros(3), "there is a ndarray in it, no scikit-learn model"),
    ],
    ids=["hashing", "numbers"],
)
def test_what_is_wrong_is_one_line(
    files: Files, tmp_path: Path, name: str, content: Any, message: str
) -> None:
    path, out = tmp_path / f"{name}.joblib", tmp_path / "out" / "faq.onnx"
    joblib.dump(content, path)
    finished = convert(path, "--entries", files.entries, "-o", out)
    assert finished.returncode == 1
    (line,) = finished.stderr.splitlines()
    assert line.startswith("rtscore-convert sklearn: ")
    assert message in line
    assert not out.parent.exists()


@pytest.mark.parametrize("value", ["-0.1", "1.1", "nan", "half"])
def test_thresholds_out_of_range(
    files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str], value: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        in_process(files, tmp_path / "faq.onnx", f"--threshold={value}")
    assert caught.value.code == 2
    assert "argument --threshold: give a number from 0 to 1" in capsys.readouterr().err


def test_help_warns_of_files_that_are_not_trusted(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["sklearn", "--help"])
    assert "LOADING IT RUNS CODE FROM THE FILE" in " ".join(capsys.readouterr().out.split())
