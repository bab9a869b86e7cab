"""Tiny networks of all shapes as ONNX, with random weights under which pictures differ."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
from onnx import numpy_helper

from converters.image import options
from converters.image.preprocessing import PRESETS
from converters.image.source import Floats, Source

SIDE = 24
CLASSES = 5
_BODY = """
    c = Conv<pads = [1, 1, 1, 1], strides = [2, 2]>({first}, kernel)
    r = Relu(c)
    p = GlobalAveragePool(r)
    f = Reshape(p, shape)
    s = Gemm<transB = 1>(f, classes, bias)
"""


def network(
    ending: str = "y = Identity(s)",
    *,
    batch: str = "N",
    layout: str = "nchw",
    side: int | str = SIDE,
    opset: int = 18,
    shape: tuple[int, ...] = (0, 8),
    kind: str = "float",
    output: str = f"{CLASSES}",
) -> onnx.ModelProto:
    """A network of pictures `side` x `side` from `x` to `y`; `ending` makes `y` of the scores `s`.

    `shape` is what its features are reshaped to, `batch` and `output` its first and last axis.
    """
    axes = {"nchw": f"{batch}, 3, {side}, {side}", "nhwc": f"{batch}, {side}, {side}, 3"}[layout]
    start, first = "", "x"
    if kind != "float":
        start, first = "z = Cast<to = 1>(x)", "z"
    if layout == "nhwc":
        start, first = f"{start} t = Transpose<perm = [0, 3, 1, 2]>({first})", "t"
    model = onnx.parser.parse_model(
        f'<ir_version: 8, opset_import: ["": {opset}]>\n'
        f"net ({kind}[{axes}] x) => (float[{batch}, {output}] y) "
        f"{{ {start} {_BODY.format(first=first)} {ending} }}"
    )
    model.graph.initializer.extend(
        numpy_helper.from_array(value, name) for name, value in weights().items()
    )
    model.graph.initializer.append(
        numpy_helper.from_array(np.array(shape, np.int64), "shape"),
    )
    return model


def weights() -> dict[str, npt.NDArray[np.float32]]:
    """Those of `network` for normalised pixels."""
    rng = np.random.default_rng(3)
    classes = rng.normal(0, 4, (CLASSES, 8))
    return {
        "kernel": rng.normal(0, 0.3, (8, 3, 3, 3)).astype(np.float32),
        "classes": classes.astype(np.float32),
        "bias": (-classes.sum(axis=1) * 0.4).astype(np.float32),
    }


def run(model: onnx.ModelProto, rows: npt.NDArray[Any]) -> Floats:
    """What `model` gives for the rows, in ONNX Runtime."""
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found: Floats = session.run(None, {session.get_inputs()[0].name: rows})[0]
    return found


def source(model: onnx.ModelProto, **changes: Any) -> Source:
    """A source whose own framework is ONNX Runtime with a copy of `model`."""
    original = onnx.ModelProto()
    original.CopyFrom(model)
    fields: dict[str, Any] = {
        "graph": model,
        "predict": lambda rows: run(original, rows),
        "description": "test",
        "packages": ("onnxruntime",),
        "preprocessing": PRESETS["torch"],
    }
    return Source(**(fields | changes))


def labels(folder: Path, count: int = CLASSES) -> Path:
    """A file of labels."""
    path = folder / f"{count}_labels.txt"
    path.write_text("".join(f"class {number}\n" for number in range(count)))
    return path


def arguments(folder: Path, *given: str | Path) -> argparse.Namespace:
    """The command line `given`, with labels and `folder`/image.onnx to write if not told."""
    parser = argparse.ArgumentParser()
    options.add_arguments(parser)
    usual: list[str | Path] = ["--labels", labels(folder), "-o", folder / "image.onnx"]
    return parser.parse_args([*map(str, usual), *map(str, given)])
