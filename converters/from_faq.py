"""A FAQ and other ways to ask its questions, to the model behind POST /v1/faq."""

import argparse
import logging
import math
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from converters.export import ConversionError, export, provenance
from converters.faq import data, evaluate, plots
from converters.faq.answers import Answers
from converters.faq.calibrate import PRECISION
from converters.faq.data import Duplicate
from converters.faq.graph import to_onnx
from converters.faq.model import FaqClassifier
from converters.faq.samples import samples
from converters.faq.train import train
from server.contract import Entry, FaqContract, Provenance

HELP = "A FAQ with duplicates of its questions: trains, calibrates and converts a matcher."
TOLERANCE = 1e-5
_PACKAGES = ("numpy", "onnx", "scikit-learn", "scipy", "skl2onnx")
_log = logging.getLogger("rtscore.convert")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the files to read and to write."""
    files = (
        ("--originals", True, "the entries: id, text[, answer]"),
        ("--duplicates", True, "other ways to ask them, to train on: id, original_id, text"),
        ("--test", False, "duplicates to test on: id, original_id, text"),
        ("--no-match", False, "questions that no entry answers, for the threshold: text"),
        ("--no-match-test", False, "questions that no entry answers, to test on: text"),
    )
    for flag, required, meaning in files:
        parser.add_argument(
            flag,
            type=Path,
            required=required,
            metavar="FILE",
            help=f"{meaning}; .tsv, .csv or .jsonl",
        )
    parser.add_argument(
        "--no-match-share",
        type=_share,
        default=1 / 3,
        metavar="SHARE",
        help="share of questions without an entry to expect, between 0 and 1 (default: a third)",
    )
    parser.add_argument(
        "--seed", type=_seed, default=0, help="of everything random, from 0 (default: 0)"
    )
    parser.add_argument(
        "--plot", type=Path, metavar="OUT.png", help="with --test; default: OUT.onnx as .png"
    )
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="OUT.onnx", help="the file to write"
    )


def convert(arguments: argparse.Namespace) -> None:
    """Train, evaluate, convert and report; raises ConversionError."""
    started = time.perf_counter()
    asked = _read(arguments)
    _report_data(asked)
    model, chosen = train(
        asked.entries,
        asked.duplicates,
        asked.no_match,
        no_match_share=arguments.no_match_share,
        seed=arguments.seed,
    )
    if chosen.precision < PRECISION:
        _log.warning(
            "no threshold reaches %.0f %% precision of 'matched' by cross-validation; the best "
            "one has %.1f %%",
            100 * PRECISION,
            100 * chosen.precision,
        )
    accuracy = {
        "word_overlap": data.word_overlap(asked.entries, [*asked.duplicates, *asked.test]),
        "cv_matched_precision": chosen.precision,
        "cv_matched_recall": chosen.recall,
    }
    answers = _ask(model, asked) if asked.test else None
    if answers:
        figures = evaluate.evaluate(answers.outcomes, chosen.threshold, arguments.seed)
        Console().print(evaluate.table(figures))
        accuracy |= {name: figure.value for name, figure in figures.items()}
    contract = FaqContract(
        vocabulary=model.vocabulary,
        entries=tuple(asked.entries),
        threshold=chosen.threshold,
        accuracy=accuracy,
        provenance=_provenance(arguments),
    )
    sample = samples(model, asked.texts(), arguments.seed)
    parity = export(to_onnx(model), contract, arguments.output, sample, tolerance=TOLERANCE)
    if answers:
        path = arguments.plot or arguments.output.with_suffix(".png")
        path.parent.mkdir(parents=True, exist_ok=True)
        plots.png(path, answers.outcomes, chosen.threshold)
        _log.info("%s: the plots", path)
    _log.info(
        "%s: %d entries, %d terms, %.1f MB in %.0f s; largest difference from scikit-learn %.1e "
        "over %d texts",
        arguments.output,
        len(asked.entries),
        len(model.vocabulary.terms),
        parity.bytes_written / 1e6,
        time.perf_counter() - started,
        parity.largest_difference,
        parity.rows,
    )


@dataclass(frozen=True)
class _Asked:
    """What the files hold; those that were not given are empty."""

    entries: list[Entry]
    duplicates: list[Duplicate]
    no_match: list[str]
    test: list[Duplicate]
    no_match_test: list[str]

    def texts(self) -> list[str]:
        """Every question, to compare the graph with its source on."""
        duplicates = [duplicate.text for duplicate in (*self.test, *self.duplicates)]
        questions = [entry.question for entry in self.entries]
        return questions + duplicates + self.no_match + self.no_match_test


def _read(arguments: argparse.Namespace) -> _Asked:
    if (arguments.no_match_test or arguments.plot) and not arguments.test:
        raise ConversionError("--no-match-test and --plot need --test")
    entries = data.read_originals(arguments.originals)
    unanswered, unanswered_test = arguments.no_match, arguments.no_match_test
    return _Asked(
        entries,
        data.read_duplicates(arguments.duplicates, entries),
        data.read_questions(unanswered) if unanswered else [],
        data.read_duplicates(arguments.test, entries) if arguments.test else [],
        data.read_questions(unanswered_test) if unanswered_test else [],
    )


def _provenance(arguments: argparse.Namespace) -> Provenance:
    names = ("originals", "duplicates", "test", "no_match", "no_match_test")
    files = {name: getattr(arguments, name) for name in names}
    return provenance(
        source="rtscore-convert faq: TF-IDF and logistic regression, one class an entry",
        packages=_PACKAGES,
        data_sha256={name: data.sha256(path) for name, path in files.items() if path},
        seed=arguments.seed,
    )


def _report_data(asked: _Asked) -> None:
    duplicates = [*asked.duplicates, *asked.test]
    _log.info(
        "%d entries, %d of them with duplicates; %d duplicates, which share %.0f %% of their words "
        "with their originals; %d questions without an entry",
        len(asked.entries),
        len({duplicate.entry for duplicate in duplicates}),
        len(duplicates),
        100 * data.word_overlap(asked.entries, duplicates),
        len(asked.no_match) + len(asked.no_match_test),
    )
    if repeats := data.repeated(asked.entries, duplicates):
        _log.warning("%d texts are there more than once, such as %r", len(repeats), repeats[0])


def _ask(model: FaqClassifier, asked: _Asked) -> Answers:
    """What the source model, which the graph is held to, says of the test files."""
    texts = [*(duplicate.text for duplicate in asked.test), *asked.no_match_test]
    entries = [duplicate.entry for duplicate in asked.test]
    return Answers.of(texts, entries, [model.predict_proba(texts)])


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError("give a number between 0 and 1")
    return value


def _seed(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise argparse.ArgumentTypeError("give a whole number from 0 to 999999999")
    return int(text)
