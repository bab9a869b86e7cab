"""`rtscore-convert evaluate` of an image model: labelled pictures, figures, plots, a report."""

import argparse
import logging
from collections.abc import Mapping
from typing import Any

from rich.console import Console

from converters.classify import figures as figuring
from converters.classify import labelled, plots, report
from converters.classify.looking import Seen, look
from converters.classify.meanings import MEANINGS
from converters.classify.mistakes import surest
from converters.export import ConversionError
from converters.faq.data import sha256
from converters.report import intervals, output
from converters.report.intervals import Figure
from server.contract import ImageContract
from server.session import Session

OPTIONS = {
    "--images": ("DIR", "the folder of the pictures"),
    "--labels": (
        "FILE",
        "what is on them: file, and id (or wnid), class_index or label (or name); "
        ".tsv, .csv or .jsonl",
    ),
}
_log = logging.getLogger("rtscore.convert")


def evaluate(session: Session, contract: ImageContract, arguments: argparse.Namespace) -> None:
    """Show the pictures, print and write; raises ConversionError."""
    if not (arguments.images and arguments.labels):
        raise ConversionError(
            f"{arguments.model} is an image model; give --images DIR and --labels FILE to show it "
            "pictures"
        )
    pictures = labelled.read(arguments.labels, arguments.images, contract.labels)
    seen = look(session, contract, pictures)
    figures = figuring.evaluate(seen, len(contract.labels), arguments.seed)
    Console().print(intervals.table(figures, MEANINGS))
    _log.info("%s: version %s, %s", arguments.model, session.version, contract.precision)
    if arguments.plot:
        plots.png(output.place(arguments.plot), seen, contract.labels)
    if arguments.json:
        about = {
            "model": {"file": arguments.model.name, "version": session.version},
            "data_sha256": {"labels": sha256(arguments.labels)},
            "seed": arguments.seed,
        }
        output.write_json(arguments.json, about | _found(seen, contract, figures))
    if arguments.report:
        title = f"Report on {arguments.model.name}"
        report.write(output.place(arguments.report), title, figures, seen, contract)


def _found(seen: Seen, contract: ImageContract, figures: Mapping[str, Figure]) -> dict[str, Any]:
    labels = contract.labels
    return {
        "figures": output.figures(figures, MEANINGS),
        "mistakes": [
            {
                "file": seen.pictures[one].file,
                "right": labels[seen.pictures[one].label].id,
                "said": labels[int(seen.top[one, 0])].id,
                "probability": float(seen.chances[one, 0]),
            }
            for one in surest(seen)
        ],
        "unreadable": [one._asdict() for one in seen.unreadable],
    }
