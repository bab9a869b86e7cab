"""How long a FAQ model takes from texts to probabilities, beside scikit-learn's `predict_proba`.

Both answer all questions in turn, with one thread, tokenizer included; medians are compared.
Trains TF-IDF and logistic regression on a set of questions and converts it with `rtscore-convert
sklearn`. Run it on an idle machine.
"""

import argparse
import logging
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import joblib
from rich.console import Console
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from converters.__main__ import main as rtscore_convert
from converters.faq import data
from server.contract import FaqContract
from server.faqrun import run_faq
from server.session import Session

ROOT = Path(__file__).parent.parent
BATCHES = (1, 32)
ROUNDS = 3  # with every question
TURN = 50  # calls of one before the other has its turn: a machine's speed can change any second
TERMS = 20_000

Ask = Callable[[Sequence[str]], Any]


@dataclass(frozen=True)
class Timing:
    """Median seconds of one call with `batch` questions, of the source model and of the file."""

    model: str
    batch: int
    source: float
    served: float

    @property
    def ratio(self) -> float:
        """How many times faster the file is."""
        return self.source / self.served


def served(path: Path) -> Ask:
    """What the server does with texts, from `str` to probabilities, with one thread."""
    session = Session(path)
    contract = session.contract
    assert isinstance(contract, FaqContract)

    def ask(texts: Sequence[str]) -> Any:
        return run_faq(session, contract, [contract.encode(text) for text in texts])

    return ask


def compare(model: str, source: Ask, path: Path, texts: Sequence[str]) -> list[Timing]:
    """The file in `path` beside `source`, in turns, for each of BATCHES."""
    ask = served(path)
    with threadpool_limits(1):
        return [Timing(model, size, *_medians(source, ask, texts, size)) for size in BATCHES]


def _medians(first: Ask, second: Ask, texts: Sequence[str], size: int) -> tuple[float, float]:
    batches = [texts[start : start + size] for start in range(0, len(texts) - size + 1, size)]
    turns = [batches[start : start + TURN] for start in range(0, len(batches), TURN)]
    times: tuple[list[float], list[float]] = ([], [])
    for turn in turns * ROUNDS:
        for ask, taken in zip((first, second), times, strict=True):
            taken += [_seconds(ask, batch) for batch in turn]
    return median(times[0]), median(times[1])


def _seconds(ask: Ask, batch: Sequence[str]) -> float:
    begun = perf_counter()
    ask(batch)
    return perf_counter() - begun


def table(timings: Sequence[Timing]) -> str:
    """The timings in Markdown, in microseconds a question."""
    lines = [
        "| model | questions a call | scikit-learn, µs a question | file, µs a question | ratio |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {one.model} | {one.batch} | {one.source / one.batch * 1e6:.1f} | "
        f"{one.served / one.batch * 1e6:.1f} | {one.ratio:.1f} |"
        for one in timings
    ]
    return "\n".join(lines) + "\n"


def tfidf_and_logistic_regression(folder: Path, out: Path) -> tuple[str, Ask, Path]:
    """A pipeline trained on the set in `folder`, its name, and its file under `out`."""
    entries = data.read_originals(folder / "originals.tsv")
    duplicates = data.read_duplicates(folder / "duplicates_train.tsv", entries)
    texts = [*(entry.question for entry in entries), *(one.text for one in duplicates)]
    labels = [*(entry.id for entry in entries), *(entries[one.entry].id for one in duplicates)]
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), max_features=TERMS)
    pipeline = make_pipeline(vectorizer, LogisticRegression(C=20)).fit(texts, labels)
    joblib.dump(pipeline, out / "model.joblib")
    arguments = [out / "model.joblib", "--entries", folder / "originals.tsv"]
    arguments += ["-o", out / "faq.onnx"]
    if rtscore_convert(["sklearn", *map(str, arguments)]):
        raise SystemExit(1)
    terms = len(vectorizer.vocabulary_)
    name = f"TF-IDF and logistic regression, {len(entries)} entries, {terms:,} terms"
    return name, pipeline.predict_proba, out / "faq.onnx"


def default_matcher(folder: Path, out: Path) -> Path:
    """What `rtscore-convert faq` makes of the same texts."""
    arguments = ["--originals", folder / "originals.tsv"]
    arguments += ["--duplicates", folder / "duplicates_train.tsv", "-o", out / "matcher.onnx"]
    if rtscore_convert(["faq", *map(str, arguments)]):
        raise SystemExit(1)
    return out / "matcher.onnx"


def main() -> int:
    """Measure and write the table."""
    parser = argparse.ArgumentParser("benchmarks.faq_speed", description=__doc__)
    parser.add_argument("set", type=Path, help="folder: originals, duplicates_train and _test .tsv")
    parser.add_argument("-o", type=Path, default=ROOT / "benchmarks/results/faq_speed.md")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    entries = data.read_originals(options.set / "originals.tsv")
    asked = data.read_duplicates(options.set / "duplicates_test.tsv", entries)
    texts = [one.text for one in asked]
    with tempfile.TemporaryDirectory() as folder:
        name, source, path = tfidf_and_logistic_regression(options.set, Path(folder))
        timings = compare(name, source, path, texts)
        matcher = default_matcher(options.set, Path(folder))
        timings += compare("the default matcher, beside the same pipeline", source, matcher, texts)
    made = table(timings)
    options.o.write_text(made, encoding="utf-8")
    Console().print(made, markup=False, width=200)
    return 0


if __name__ == "__main__":
    sys.exit(main())
