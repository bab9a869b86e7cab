"""`rtscore-convert evaluate` of a FAQ model: questions, figures, plots, a report."""

import argparse
import logging
from collections.abc import Mapping
from typing import Any

from rich.console import Console

from converters.export import ConversionError
from converters.faq import data, plots, report
from converters.faq import evaluate as figuring
from converters.faq.evidence import Evidence
from converters.faq.meanings import MEANINGS
from converters.faq.served import ServedModel
from converters.report import output
from converters.report.intervals import Figure
from server.contract import FaqContract
from server.session import Session

OPTIONS = {
    "--test": ("FILE", "duplicates to test on: id, original_id, text; .tsv, .csv or .jsonl"),
    "--no-match-test": ("FILE", "questions that no entry answers, to test on: text"),
}
_log = logging.getLogger("rtscore.convert")


def evaluate(session: Session, contract: FaqContract, arguments: argparse.Namespace) -> None:
    """Ask, print and write; raises ConversionError."""
    if not arguments.test:
        raise ConversionError(f"{arguments.model} is a FAQ model; give --test FILE to ask it")
    model = ServedModel(session, contract)
    duplicates = data.read_duplicates(arguments.test, contract.entries)
    no_match = data.read_questions(arguments.no_match_test) if arguments.no_match_test else []
    answers = model.answers(
        [*(one.text for one in duplicates), *no_match], [one.entry for one in duplicates]
    )
    threshold = contract.threshold
    figures = figuring.evaluate(answers.outcomes, threshold, arguments.seed)
    Console().print(figuring.table(figures))
    _log.info("%s: version %s, threshold %.3f", arguments.model, model.version, threshold)
    if arguments.plot:
        plots.png(output.place(arguments.plot), answers.outcomes, threshold)
    if arguments.json:
        output.write_json(arguments.json, _about(model, arguments, figures))
    if arguments.report:
        evidence = Evidence(contract.entries, threshold, answers, model.own_answers())
        title = f"Report on {arguments.model.name}"
        report.write(output.place(arguments.report), title, figures, evidence)


def _about(
    model: ServedModel, arguments: argparse.Namespace, figures: Mapping[str, Figure]
) -> dict[str, Any]:
    asked = {"test": arguments.test, "no_match_test": arguments.no_match_test}
    return {
        "model": {"file": arguments.model.name, "version": model.version},
        "threshold": model.contract.threshold,
        "data_sha256": {name: data.sha256(path) for name, path in asked.items() if path},
        "seed": arguments.seed,
        "figures": output.figures(figures, MEANINGS),
    }
