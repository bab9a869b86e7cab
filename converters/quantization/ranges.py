"""Ranges of activations kept as numbers, so that a model can be quantised where no pictures are.

What was measured on a graph holds for that graph only: the file names its hash.
"""

import hashlib
from pathlib import Path
from typing import Literal

import onnx
from pydantic import BaseModel, ConfigDict, ValidationError

from converters.export import ConversionError

Ranges = dict[str, tuple[float, float]]


class SavedRanges(BaseModel):
    """A file of ranges: where they come from, the graph that results, what was measured on it.

    `source_sha256` and `graph_sha256` are hashes by `digest` of the fp32 and the int8 graph.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    source_sha256: str
    graph_sha256: str
    pictures: str
    data_sha256: dict[str, str]
    seed: int
    method: Literal["minmax"] = "minmax"
    reduce_range: bool
    packages: dict[str, str]
    accuracy: dict[str, float]
    ranges: Ranges


def digest(graph: onnx.ModelProto) -> str:
    """SHA-256 of what `graph` computes: operators, weights, inputs, outputs; not of its metadata.

    The order of its parts does not count, as it is not the same on every system.
    """
    inner = graph.graph
    parts = (*inner.node, *inner.initializer, *inner.input, *inner.output, *graph.opset_import)
    hashes = sorted(
        hashlib.sha256(part.SerializeToString(deterministic=True)).hexdigest() for part in parts
    )
    return hashlib.sha256("".join(hashes).encode()).hexdigest()


def read(path: Path) -> SavedRanges:
    """The file of ranges in `path`; raises ConversionError where it is none."""
    try:
        return SavedRanges.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ConversionError(
            f"{path} is no file of ranges ({where}: {first['msg']}); make it with --save-ranges"
        ) from error


def write(path: Path, saved: SavedRanges) -> None:
    """Write `saved` to `path` as JSON, a range a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(
        f'    "{name}": [{low!r}, {high!r}]' for name, (low, high) in saved.ranges.items()
    )
    head = saved.model_dump_json(indent=2, exclude={"ranges"}).removesuffix("\n}")
    path.write_text(f'{head},\n  "ranges": {{\n{lines}\n  }}\n}}\n', encoding="utf-8")


def refuse_another_source(path: Path, saved: SavedRanges, source: onnx.ModelProto) -> None:
    """Raise ConversionError where the ranges in `path` were measured on another fp32 graph."""
    if digest(source) != saved.source_sha256:
        raise ConversionError(
            f"{path} has the ranges of another graph ({saved.source}); calibrate this one on "
            "pictures, with --images"
        )


def refuse_another_graph(path: Path, saved: SavedRanges, quantised: onnx.ModelProto) -> None:
    """Raise ConversionError where the graph that results is not the one that was measured."""
    if digest(quantised) != saved.graph_sha256:
        made = ", ".join(f"{name} {version}" for name, version in saved.packages.items())
        raise ConversionError(
            f"the graph that the ranges in {path} give here is not the one that was measured (with "
            f"{made}): other versions of these packages quantise otherwise; install those, or "
            "calibrate on pictures, with --images"
        )
