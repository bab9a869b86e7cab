"""`rtscore-convert evaluate MODEL.onnx ...`: how good a model's file is, by its answers."""

import argparse
from pathlib import Path

from converters import evaluate_faq, evaluate_images
from converters.arguments import count
from converters.export import ConversionError
from server.contract import FaqContract
from server.session import Session

HELP = "A model's file and what to test it on: figures with their intervals, plots, a report."
_WRITTEN = {
    "--plot": ("OUT.png", "plots: accuracy or confusion, reliability, thresholds"),
    "--json": ("OUT.json", "the figures for programs"),
    "--report": ("OUT.html", "a page that says where the model errs and what to do about it"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the model, what to ask it and the files to write."""
    parser.add_argument("model", type=Path, metavar="MODEL.onnx", help="the file to evaluate")
    for title, options in (
        ("what to ask a FAQ model", evaluate_faq.OPTIONS),
        ("what to show an image model", evaluate_images.OPTIONS),
        ("what to write", _WRITTEN),
    ):
        group = parser.add_argument_group(title)
        for flag, (metavar, meaning) in options.items():
            group.add_argument(flag, type=Path, metavar=metavar, help=meaning)
    parser.add_argument(
        "--seed", type=count, default=0, help="of the intervals' resamples (default: 0)"
    )


def convert(arguments: argparse.Namespace) -> None:
    """Ask, print and write; raises ConversionError or StartupError."""
    session = Session(arguments.model, threads=0)
    if isinstance(session.contract, FaqContract):
        _refuse(arguments, evaluate_images.OPTIONS, "a FAQ model", "image models")
        evaluate_faq.evaluate(session, session.contract, arguments)
    else:
        _refuse(arguments, evaluate_faq.OPTIONS, "an image model", "FAQ models")
        evaluate_images.evaluate(session, session.contract, arguments)


def _refuse(
    arguments: argparse.Namespace, options: dict[str, tuple[str, str]], kind: str, others: str
) -> None:
    """Raise ConversionError where one of `options` is given, which only `others` take."""
    for flag in options:
        if getattr(arguments, flag.removeprefix("--").replace("-", "_")) is not None:
            raise ConversionError(f"{arguments.model} is {kind}, and {flag} is for {others}")
