"""The classic recipe by its number of trees, beside ours: training, size, speed and accuracy.

One fit gives every row, since its first trees are the model of fewer: a row's training time is what
had passed when its last tree was done. What is done is kept in a JSON file, so another run measures
only what is missing; --again measures everything anew, --ours-again only our own matcher, and
--without-ours leaves that out.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from rich.console import Console

from benchmarks import faq_sets
from benchmarks.faq_rows import FIGURES, Row, classic, ours
from benchmarks.faq_sets import QuestionSet

RESULTS = Path(__file__).parent / "results"
TREES = (1, 10, 50, 100, 200, 500, 1000, 2000)
OURS: dict[str, tuple[str, ...]] = {  # further arguments of `rtscore-convert faq`
    "rtscore": (),
    "rtscore, MiniLM": ("--encoder", "minilm"),
    "rtscore, MiniLM int8": ("--encoder", "minilm", "--precision", "int8"),
}
NOTES = """\
Made by `python -m benchmarks.faq_trees`. Accuracy with its 95 % bootstrap interval. Times are CPU
time, which is independent of what else the machine does. Those of a question, sizes and ranks are
the model files' own: asked through the server's session with one thread, one question at a time,
tokenizer included (median). The classic recipe's training is without the cross-validation for its
calibration; ours is the whole command, with that and with the file's comparison with its source.
"""
Store = dict[str, list[Row]]


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what is missing, then write the table and the plot."""
    parser = argparse.ArgumentParser("benchmarks.faq_trees", description=__doc__)
    faq_sets.add_arguments(parser)
    parser.add_argument("--most-trees", type=int, default=TREES[-1])
    parser.add_argument("--minutes", type=float, default=20, help="the most for one fit")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--ours-again", action="store_true")
    parser.add_argument("--without-ours", action="store_true")
    parser.add_argument("-o", type=Path, default=RESULTS / "faq_trees.md")
    options = parser.parse_args(argv)
    sets = faq_sets.read(options.sets)
    path = options.o.with_suffix(".json")
    store: Store = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    counts = [count for count in TREES if count <= options.most_trees]
    for one in sets:
        if options.again or key(one, "classic") not in store:
            store[key(one, "classic")] = list(classic(one, counts, options.minutes))
            _save(path, store)
        for name, arguments in () if options.without_ours else OURS.items():
            if options.again or options.ours_again or key(one, name) not in store:
                store[key(one, name)] = [ours(one, arguments)]
                _save(path, store)
    table = as_markdown(sets, store)
    options.o.write_text(table, encoding="utf-8")
    plot(options.o.with_suffix(".png"), sets, store)
    Console().print(table)
    return 0


def key(asked: QuestionSet, what: str) -> str:
    """The name of what is stored."""
    return f"{asked.name} {asked.digest} | {what}"


def _save(path: Path, store: Store) -> None:
    path.write_text(json.dumps(store, indent=1) + "\n", encoding="utf-8")


def as_markdown(sets: Sequence[QuestionSet], store: Store) -> str:
    """A table for each set, a row for each number of trees, then ours."""
    lines = [NOTES]
    for one in sets:
        lines += [
            f"**{one.name}**: {len(one.entries)} entries, {len(one.train)} training duplicates, "
            f"{len(one.test)} test questions",
            "",
            "| model | training, s | file, MB | ms a question | Accuracy@1 | @2 | @3 | mean rank |",
            "|---|---|---|---|---|---|---|---|",
            *(_line(f"classic, trees: {row['trees']:,}", row) for row in _rows(store, one)),
            *(_line(name, row) for name in OURS for row in store.get(key(one, name), [])),
            "",
        ]
    return "\n".join(lines)


def _rows(store: Store, asked: QuestionSet) -> list[Row]:
    return store.get(key(asked, "classic"), [])


def _line(name: str, row: Row) -> str:
    first, second, third, rank = (row[figure] for figure in FIGURES)
    return (
        f"| {name} | {row['seconds']:.1f} | {row['bytes'] / 1e6:.2f} "
        f"| {1000 * row['seconds_a_question']:.3f} | {first[0]:.3f} ({first[1]:.3f}-{first[2]:.3f})"
        f" | {second[0]:.3f} | {third[0]:.3f} | {rank[0]:.2f} |"
    )


def plot(path: Path, sets: Sequence[QuestionSet], store: Store) -> None:
    """Accuracy@1 against the time that a question takes, a point for each number of trees."""
    with mpl.rc_context({"font.size": 10}):
        figure = Figure(figsize=(5.2 * len(sets), 4.6), layout="constrained")
        for axes, one in zip(figure.subplots(1, len(sets), squeeze=False)[0], sets, strict=True):
            rows = _rows(store, one)
            for name, found in [
                ("classic recipe, by trees", rows),
                *((name, store.get(key(one, name), [])) for name in OURS),
            ]:
                if not found:
                    continue
                times = [1000 * row["seconds_a_question"] for row in found]
                axes.plot(times, [row["accuracy_at_1"][0] for row in found], "o-", label=name)
            for row in rows:
                at = (1000 * row["seconds_a_question"], row["accuracy_at_1"][0])
                axes.annotate(
                    f"{row['trees']:,}", at, (-4, 6), textcoords="offset points", ha="right"
                )
            axes.set(title=one.name, xlabel="CPU ms a question", ylabel="Accuracy@1")
            axes.set(ylim=(0, 1), xscale="log")
            axes.margins(x=0.12)
            axes.xaxis.set_major_formatter("{x:g}")
            axes.grid(alpha=0.3)
            axes.legend(loc="upper left", fontsize=8)
        figure.savefig(path, dpi=110, format="png")


if __name__ == "__main__":
    sys.exit(main())
