"""Plots of how good an image model is: as one PNG, or singly as SVG for a page."""

from collections.abc import Sequence
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from converters.classify.looking import Seen
from converters.classify.mistakes import by_class, confused
from converters.report import charts
from converters.report.charts import INK, MAIN, OTHER, Draw
from server.contract import Label

_SHOWN = 16  # classes of the confusion plot: more can't be read
_LONGEST = 18  # characters of a class's name
_ELSE = "another"


def png(path: Path, seen: Seen, labels: Sequence[Label]) -> None:
    """Write every plot, side by side, as one PNG."""
    charts.png(path, [*_plots(seen, labels).values()], (12, 5.4))


def svgs(seen: Seen, labels: Sequence[Label]) -> dict[str, str]:
    """Each plot as an SVG element to stand in a page, whose text colour it takes, by its title."""
    return {title: charts.svg(draw, (5, 4.8)) for title, draw in _plots(seen, labels).items()}


def _plots(seen: Seen, labels: Sequence[Label]) -> dict[str, Draw]:
    return {
        "What was said, of the classes most confused": partial(
            _confusion, seen=seen, labels=labels
        ),
        "Reliability of the first class": partial(_reliability, seen=seen),
    }


def _confusion(axes: Axes, seen: Seen, labels: Sequence[Label]) -> None:
    """How often pictures of each class (a row) were said to be of each (a column)."""
    columns = _most_confused(seen)
    rows = [label for label in columns if (seen.labels == label).any()]
    counts = _counts(seen, rows, columns)
    shares = counts / counts.sum(axis=1, keepdims=True)
    for row, column in np.argwhere(counts).tolist():
        colour = MAIN if rows[row] in columns[column : column + 1] else OTHER
        share = shares[row, column]
        place = column - 0.5, row - 0.5
        axes.add_patch(Rectangle(place, 1, 1, color=colour, alpha=share, linewidth=0))
        text = str(counts[row, column])
        axes.text(column, row, text, ha="center", va="center", color=INK, fontsize=8)
    said, right = ([_name(labels[one]) for one in those] for those in (columns, rows))
    # A name may hold what matplotlib would take for a formula.
    axes.set_xticks(range(len(said) + 1), [*said, _ELSE], rotation=90, fontsize=8, parse_math=False)
    axes.set_yticks(range(len(right)), right, fontsize=8, parse_math=False)
    axes.set(xlim=(-0.5, len(said) + 0.5), ylim=(len(right) - 0.5, -0.5))
    axes.set(xlabel="said", ylabel="right class", title="Most confused classes: pictures")
    axes.grid(False)


def _reliability(axes: Axes, seen: Seen) -> None:
    """What the first class's probability says, against how often it is right."""
    charts.reliability(axes, seen.chances[:, 0], seen.right, "pictures")
    axes.set(title="Reliability of the first class")


def _most_confused(seen: Seen) -> list[int]:
    """The classes of the pairs most confused, pairs side by side, then others that occur."""
    pairs = ((pair.label, pair.said) for pair in confused(seen))
    others = sorted(by_class(seen), key=lambda one: -one.pictures)
    every = dict.fromkeys(chain(chain.from_iterable(pairs), (one.label for one in others)))
    return list(every)[:_SHOWN]


def _counts(seen: Seen, rows: Sequence[int], columns: Sequence[int]) -> npt.NDArray[np.int64]:
    """Pictures by right class and what was said, [rows, columns + 1]; the last is any other."""
    counts = np.zeros((len(rows), len(columns) + 1), np.int64)
    right = {label: place for place, label in enumerate(rows)}
    places = {label: place for place, label in enumerate(columns)}
    for label, said in zip(seen.labels.tolist(), seen.top[:, 0].tolist(), strict=True):
        if label in right:
            counts[right[label], places.get(said, len(columns))] += 1
    return counts


def _name(label: Label) -> str:
    text = "".join(letter if letter.isprintable() else " " for letter in label.label)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
