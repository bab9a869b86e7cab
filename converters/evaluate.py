"""`rtscore-convert evaluate MODEL.onnx --test FILE`: how good a model's file is, by its answers."""

import argparse
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from converters.arguments import count
from converters.export import ConversionError
from converters.faq import data, evaluate, plots, report
from converters.faq.evaluate import Figure
from converters.faq.meanings import MEANINGS
from converters.faq.section import Evidence
from converters.faq.served import ServedModel

HELP = "A model's file and questions to test it on: figures with their intervals, plots, a report."
_log = logging.getLogger("rtscore.convert")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the model, the files to ask and the files to write."""
    parser.add_argument("model", type=Path, metavar="MODEL.onnx", help="the file to evaluate")
    files = (
        ("--test", "FILE", "duplicates to test on: id, original_id, text; .tsv, .csv or .jsonl"),
        ("--no-match-test", "FILE", "questions that no entry answers, to test on: text"),
        ("--plot", "OUT.png", "plots of accuracy, reliability and thresholds"),
        ("--json", "OUT.json", "the figures for programs"),
        ("--report", "OUT.html", "a page that says what to mend in the FAQ"),
    )
    for flag, metavar, meaning in files:
        parser.add_argument(flag, type=Path, metavar=metavar, help=meaning)
    parser.add_argument(
        "--seed", type=count, default=0, help="of the intervals' resamples (default: 0)"
    )


def convert(arguments: argparse.Namespace) -> None:
    """Ask, print and write; raises ConversionError or StartupError."""
    model = ServedModel(arguments.model)
    if not arguments.test:
        raise ConversionError(f"{arguments.model} is a FAQ model; give --test FILE to ask it")
    duplicates = data.read_duplicates(arguments.test, model.contract.entries)
    no_match = data.read_questions(arguments.no_match_test) if arguments.no_match_test else []
    answers = model.answers(
        [*(one.text for one in duplicates), *no_match], [one.entry for one in duplicates]
    )
    threshold = model.contract.threshold
    figures = evaluate.evaluate(answers.outcomes, threshold, arguments.seed)
    Console().print(evaluate.table(figures))
    _log.info("%s: version %s, threshold %.3f", arguments.model, model.version, threshold)
    if arguments.plot:
        _make_room(arguments.plot)
        plots.png(arguments.plot, answers.outcomes, threshold)
    if arguments.json:
        _make_room(arguments.json)
        text = json.dumps(_about(model, arguments, figures), indent=2, ensure_ascii=False)
        arguments.json.write_text(text + "\n", encoding="utf-8")
    if arguments.report:
        _make_room(arguments.report)
        evidence = Evidence(model.contract.entries, threshold, answers, model.own_answers())
        report.write(arguments.report, f"Report on {arguments.model.name}", figures, evidence)


def _about(
    model: ServedModel, arguments: argparse.Namespace, figures: Mapping[str, Figure]
) -> dict[str, Any]:
    asked = {"test": arguments.test, "no_match_test": arguments.no_match_test}
    return {
        "model": {"file": arguments.model.name, "version": model.version},
        "threshold": model.contract.threshold,
        "data_sha256": {name: data.sha256(path) for name, path in asked.items() if path},
        "seed": arguments.seed,
        "figures": {
            name: {**figure._asdict(), "meaning": MEANINGS[name].text}
            for name, figure in figures.items()
        },
    }


def _make_room(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    _log.info("writing %s", path)
