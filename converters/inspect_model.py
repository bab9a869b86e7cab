"""`rtscore-convert inspect FILE`: what a model file holds."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from converters.inspection.facts import Facts, read, summary
from converters.inspection.tables import tables

HELP = "A model's file: its contract, provenance, accuracy, operators and size."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the file to look into, and how to write what is in it."""
    parser.add_argument("model", type=Path, metavar="FILE", help="an ONNX file, rtscore's or not")
    parser.add_argument("--json", action="store_true", help="write it as JSON, for programs")


def convert(arguments: argparse.Namespace) -> None:
    """Read and print; raises ConversionError or StartupError."""
    facts = read(arguments.model)
    if arguments.json:
        print(json.dumps(_plain(facts), indent=2))
        return
    console = Console()
    for table in tables(facts):
        console.print(table)
        console.print()


def _plain(facts: Facts) -> dict[str, Any]:
    """The facts as JSON has them, long lists cut to their count and first items."""
    own = facts.contract
    return {
        "file": facts.file,
        "bytes": facts.bytes,
        "version": facts.version,
        "served": facts.problem is None,
        "problem": facts.problem,
        "contract": None if own is None else summary(own.model_dump(mode="json")),
        "metadata": dict(facts.metadata),
        "graph": asdict(facts.graph),
    }
