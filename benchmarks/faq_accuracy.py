"""Accuracy of FAQ matchers against the number of duplicates of an entry that they learn from.

Each set is cut down to a few training duplicates of every entry (at random, with a seed, a smaller
cut within a larger one); every cut is asked the whole test file. Cells that are done are kept in a
JSON file, so another run computes only what is missing; --again names methods to compute anew.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import track

from benchmarks import faq_sets
from benchmarks.faq_baselines import METHODS
from benchmarks.faq_sets import QuestionSet
from converters.export import ConversionError
from converters.faq.answers import Answers
from converters.faq.evaluate import evaluate

RESULTS = Path(__file__).parent / "results"
CUTS = (0, 1, 2, 4, 8, None)  # None: all
Cells = dict[str, dict[str, Any]]


def main(argv: Sequence[str] | None = None) -> int:
    """Compute what is missing, then write the table and the plot."""
    parser = argparse.ArgumentParser("benchmarks.faq_accuracy", description=__doc__)
    faq_sets.add_arguments(parser)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--again", nargs="+", choices=METHODS, default=[])
    parser.add_argument("-o", type=Path, default=RESULTS / "faq_accuracy.md")
    options = parser.parse_args(argv)
    sets = faq_sets.read(options.sets)
    store = options.o.with_suffix(".json")
    cells: Cells = json.loads(store.read_text()) if store.exists() else {}
    wanted = [(one, name, most) for one in sets for name in options.methods for most in CUTS]
    missing = [cell for cell in wanted if key(*cell) not in cells or cell[1] in options.again]
    for cell in track(missing, "cells"):
        cells[key(*cell)] = measure(*cell)
        store.write_text(json.dumps(cells, indent=1) + "\n", encoding="utf-8")
    table = as_markdown(sets, cells)
    options.o.write_text(table, encoding="utf-8")
    plot(options.o.with_suffix(".png"), sets, cells)
    Console().print(table)
    return 0


def key(asked: QuestionSet, method: str, most: int | None) -> str:
    """A cell's name in the store."""
    return f"{asked.name} {asked.digest} | {method} | {heading(most)}"


def heading(most: int | None) -> str:
    """A cut's name."""
    return "all" if most is None else str(most)


def measure(asked: QuestionSet, method: str, most: int | None) -> dict[str, Any]:
    """Figures of the test file with their intervals, or why the method can't learn from the cut."""
    started = time.perf_counter()
    try:
        score = METHODS[method](asked.entries, asked.cut(most), asked.no_match)
    except ConversionError as error:
        return {"refused": str(error)}
    texts = [one.text for one in asked.test]
    answers = Answers.of(texts, [one.entry for one in asked.test], [score(texts)])
    found = evaluate(answers.outcomes, threshold=0.0)
    figures = ("accuracy_at_1", "accuracy_at_2", "accuracy_at_3", "mean_rank")
    return {
        **{name: [round(number, 4) for number in found[name]] for name in figures},
        "seconds": round(time.perf_counter() - started, 1),
    }


def as_markdown(sets: Sequence[QuestionSet], cells: Cells) -> str:
    """A table for each set: Accuracy@1 with its 95 % interval by method and cut."""
    lines = ["Accuracy@1 with its 95 % bootstrap interval, by training duplicates of an entry (at "]
    lines[0] += "most). Made by `python -m benchmarks.faq_accuracy`; `-`: nothing can be learnt. "
    lines[0] += "Every method but the classic recipe knows the answers too, where a set has them."
    for one in sets:
        lines += [
            "",
            f"**{one.name}**: {len(one.entries)} entries, {len(one.train)} training duplicates, "
            f"{len(one.test)} test questions",
            "",
            "| method | " + " | ".join(map(heading, CUTS)) + " |",
            "|---|" + "---|" * len(CUTS),
        ]
        for method in METHODS:
            row = [_cell(cells.get(key(one, method, most))) for most in CUTS]
            if any(row):
                lines.append(f"| {method} | {' | '.join(row)} |")
    return "\n".join(lines) + "\n"


def _cell(found: dict[str, Any] | None) -> str:
    if not found or "refused" in found:
        return "-" if found else ""
    value, low, high = found["accuracy_at_1"]
    return f"{value:.3f} ({low:.3f}-{high:.3f})"


def plot(path: Path, sets: Sequence[QuestionSet], cells: Cells) -> None:
    """Accuracy@1 against the number of duplicates, a panel for each set."""
    with mpl.rc_context({"font.size": 10}):
        figure = Figure(figsize=(5.2 * len(sets), 4.6), layout="constrained")
        panels = figure.subplots(1, len(sets), squeeze=False)[0]
        for axes, one in zip(panels, sets, strict=True):
            for method in METHODS:
                _line(axes, method, [cells.get(key(one, method, most)) for most in CUTS])
            axes.set(title=one.name, xlabel="training duplicates of an entry, at most")
            axes.set(ylabel="Accuracy@1", ylim=(0, 1), xticks=range(len(CUTS)))
            axes.set_xticklabels(map(heading, CUTS))
            axes.grid(alpha=0.3)
        panels[0].legend(loc="upper left", fontsize=8)
        figure.savefig(path, dpi=110, format="png")


def _line(axes: Any, method: str, row: Sequence[dict[str, Any] | None]) -> None:
    there = [
        (place, *found["accuracy_at_1"])
        for place, found in enumerate(row)
        if found and "refused" not in found
    ]
    if there:
        places, values, low, high = np.array(there).T
        drawn = axes.plot(places, values, "o-", label=method)
        axes.fill_between(places, low, high, alpha=0.15, color=drawn[0].get_color())


if __name__ == "__main__":
    sys.exit(main())
