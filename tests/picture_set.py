"""A few labelled pictures for tests, and what a model said to them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from converters.classify.labelled import Picture
from converters.classify.looking import TOP, Seen, Unreadable
from server.contract import ImageContract, Label
from tests import tiny


def labels(names: Sequence[str]) -> tuple[Label, ...]:
    """Classes with these names, and the ids n0, n1, ..."""
    return tuple(Label(id=f"n{number}", label=name) for number, name in enumerate(names))


def contract(names: Sequence[str]) -> ImageContract:
    """Of a tiny model with classes of these names."""
    return tiny.image_contract(labels=labels(names))


def model(folder: Path, names: Sequence[str] = ("dark", "bright")) -> Path:
    """A tiny model's file: to a black picture it says the first class, to others the last one."""
    graph = tiny.image_graph(outputs=len(names))
    return tiny.write(folder, tiny.stamped(graph, contract(names)), "image.onnx")


def write_pictures(folder: Path, greys: Mapping[str, int]) -> Path:
    """PNG files by their names, each of one shade of grey from 0 to 255, in `folder`."""
    for file, grey in greys.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (6, 5), (grey, grey, grey)).save(path, "PNG")
    return folder


def write_table(path: Path, header: str, rows: Sequence[str]) -> Path:
    """A TSV, from lines whose cells are separated by commas."""
    lines = [line.replace(",", "\t") for line in (header, *rows)]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def seen(
    right: Sequence[int],
    probabilities: Sequence[Sequence[float]],
    files: Sequence[str] | None = None,
    folder: Path = Path("nowhere"),
    unreadable: Sequence[Unreadable] = (),
) -> Seen:
    """What a model with these `probabilities` says to pictures of the classes `right`."""
    rows, those = np.array(probabilities, np.float64), np.array(right)
    names = files or [f"{number}.png" for number in range(len(right))]
    order = np.argsort(-rows, axis=1, kind="stable")
    return Seen(
        pictures=[
            Picture(file, folder / file, label) for file, label in zip(names, right, strict=True)
        ],
        ranks=1 + np.argmax(order == those[:, np.newaxis], axis=1),
        own=rows[np.arange(len(rows)), those],
        top=order[:, :TOP],
        chances=np.take_along_axis(rows, order[:, :TOP], axis=1),
        decode_ms=np.linspace(1, 2, len(rows)),
        run_ms=np.linspace(3, 5, len(rows)),
        unreadable=unreadable,
    )
