"""A fitted scikit-learn text pipeline to the model behind POST /v1/faq."""

import argparse
import logging
import math
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from converters.arguments import question_files
from converters.export import export, provenance
from converters.faq import data, evaluate
from converters.faq.answers import Answers
from converters.faq.data import Duplicate
from converters.sklearn.classes import match
from converters.sklearn.convert import to_onnx
from converters.sklearn.load import load
from converters.sklearn.rows import Columns
from converters.sklearn.samples import samples, within_limit
from server.contract import Entry, FaqContract, Provenance
from server.tokenizer import MAX_TERMS

HELP = "A fitted scikit-learn text pipeline in a joblib file: converts it exactly, or refuses it."
TOLERANCE = 1e-5
_PACKAGES = ("numpy", "onnx", "scikit-learn", "scipy", "skl2onnx")
_log = logging.getLogger("rtscore.convert")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the files to read and to write."""
    parser.add_argument(
        "model",
        type=Path,
        metavar="MODEL.joblib",
        help="a fitted pipeline with predict_proba, written by joblib or pickle; LOADING IT RUNS "
        "CODE FROM THE FILE: give only files that you trust",
    )
    files = (
        ("--entries", True, "what its classes stand for: id (the class), text[, answer]"),
        ("--test", False, "questions to test on: id, original_id, text"),
        ("--texts", False, "more questions to compare the graph with the pipeline on: text"),
    )
    question_files(parser, files)
    parser.add_argument(
        "--known-only",
        action="store_true",
        help="leave out entries that the model has no class for",
    )
    parser.add_argument(
        "--threshold",
        type=_probability,
        metavar="P",
        help="the best probability from which on a question counts as matched (default: 0, always)",
    )
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="OUT.onnx", help="the file to write"
    )


def convert(arguments: argparse.Namespace) -> None:
    """Load, convert, test, compare and report; raises ConversionError."""
    started = time.perf_counter()
    listed = data.read_originals(arguments.entries)
    model = load(arguments.model)
    entries, order = match(
        model.classes_, listed, arguments.entries, known_only=arguments.known_only
    )
    if len(entries) < len(listed):
        _log.warning("%d entries that the model does not know left out", len(listed) - len(entries))
    duplicates = _duplicates(arguments, entries)
    graph, vocabulary = to_onnx(model, order)
    contract = FaqContract(
        vocabulary=vocabulary,
        entries=tuple(entries),
        threshold=_threshold(arguments),
        accuracy=_accuracy(model, order, duplicates, arguments),
        provenance=_provenance(arguments),
    )
    texts = [text for entry in entries for text in (entry.question, entry.answer) if text]
    texts += [one.text for one in duplicates]
    texts += data.read_questions(arguments.texts) if arguments.texts else []
    compared = within_limit(texts, contract)
    _report_longer(texts, compared)
    sample = samples(model, order, compared, contract)
    parity = export(graph, contract, arguments.output, sample, tolerance=TOLERANCE)
    _log.info(
        "%s: %d entries, %d terms, %.1f MB in %.0f s; largest difference from scikit-learn %.1e "
        "over %d texts",
        arguments.output,
        len(entries),
        len(vocabulary.terms),
        parity.bytes_written / 1e6,
        time.perf_counter() - started,
        parity.largest_difference,
        parity.rows,
    )


def _duplicates(arguments: argparse.Namespace, entries: list[Entry]) -> list[Duplicate]:
    if not arguments.test:
        return []
    orphans: list[str] | None = [] if arguments.known_only else None
    return data.read_duplicates(arguments.test, entries, orphans)


def _threshold(arguments: argparse.Namespace) -> float:
    if arguments.threshold is None:
        _log.warning("no --threshold was given: every question counts as matched")
        return 0.0
    return float(arguments.threshold)


def _accuracy(
    model: Any, order: Columns, duplicates: list[Duplicate], arguments: argparse.Namespace
) -> dict[str, float]:
    """What the pipeline, which the graph is held to, says of the test questions; also shown."""
    if not duplicates:
        return {}
    texts = [one.text for one in duplicates]
    found = model.predict_proba(texts)[:, order]
    answers = Answers.of(texts, [one.entry for one in duplicates], [found])
    figures = evaluate.evaluate(answers.outcomes, arguments.threshold or 0.0)
    Console().print(evaluate.table(figures))
    return {name: figure.value for name, figure in figures.items()}


def _report_longer(texts: list[str], compared: list[str]) -> None:
    if longer := len(set(texts) - set(compared)):
        _log.warning(
            "%d texts have %d known terms or more and were not compared: of a text, the server "
            "counts the first %d",
            longer,
            MAX_TERMS,
            MAX_TERMS,
        )


def _provenance(arguments: argparse.Namespace) -> Provenance:
    names = ("model", "entries", "test", "texts")
    files = {name: getattr(arguments, name) for name in names}
    return provenance(
        source=f"rtscore-convert sklearn {arguments.model.name}",
        packages=_PACKAGES,
        data_sha256={name: data.sha256(path) for name, path in files.items() if path},
    )


def _probability(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError("give a number from 0 to 1")
    return value
