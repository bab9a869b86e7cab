"""A small CNN with everything that quantising meets, and pictures of what it tells apart."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from server.contract import ImageContract, Label
from tests import tiny

SIDE = 16
COLOURS = ("red", "green", "blue")


def contract(**changes: Any) -> ImageContract:
    """Three colours; `changes` replace fields."""
    labels = tuple(Label(id=f"n{number}", label=name) for number, name in enumerate(COLOURS))
    fields = {"height": SIDE, "width": SIDE, "labels": labels}
    return tiny.image_contract(**(fields | changes))


def graph(sharpness: float = 8) -> onnx.ModelProto:
    """uint8 [N, SIDE, SIDE, 3] to the chance of each colour.

    Normalising, a convolution with batch norm and ReLU, a depthwise one with a residual, pooling,
    a classifier whose scores differ by `sharpness`, softmax.
    """
    rng = np.random.default_rng(0)
    first = rng.normal(0, 0.05, (6, 3, 3, 3))
    first[np.arange(6), np.arange(6) % 3, 1, 1] += 1
    depthwise = rng.normal(0, 0.05, (6, 1, 3, 3))
    classifier = np.tile(np.eye(3) * sharpness, 2)
    constants: dict[str, npt.ArrayLike] = {
        "mean": 127.0,
        "scale": 128.0,
        "first.weight": first,
        "first.bias": np.full(6, 0.1),
        "gamma": np.linspace(0.5, 1.5, 6),
        "beta": np.zeros(6),
        "running_mean": np.full(6, 0.1),
        "running_var": np.ones(6),
        "depthwise.weight": depthwise,
        "scores.weight": classifier,
        "scores.bias": np.zeros(3),
    }
    norm = ("gamma", "beta", "running_mean", "running_var")
    padded: dict[str, Any] = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
    make = helper.make_node
    nodes = [
        make("Transpose", ["image"], ["channels_first"], perm=[0, 3, 1, 2]),
        make("Cast", ["channels_first"], ["float"], to=TensorProto.FLOAT),
        make("Sub", ["float", "mean"], ["centred"]),
        make("Div", ["centred", "scale"], ["normalised"]),
        make("Conv", ["normalised", "first.weight", "first.bias"], ["first"], **padded),
        make("BatchNormalization", ["first", *norm], ["normed"]),
        make("Relu", ["normed"], ["positive"]),
        make("Conv", ["positive", "depthwise.weight"], ["depthwise"], group=6, **padded),
        make("Add", ["depthwise", "positive"], ["sum"]),
        make("GlobalAveragePool", ["sum"], ["pooled"]),
        make("Flatten", ["pooled"], ["features"]),
        make("Gemm", ["features", "scores.weight", "scores.bias"], ["scores"], transB=1),
        make("Softmax", ["scores"], ["probabilities"]),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", SIDE, SIDE, 3])
    output = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", 3])
    initializers = [
        numpy_helper.from_array(np.asarray(value, np.float32), name)
        for name, value in constants.items()
    ]
    inner = helper.make_graph(nodes, "small", [image], [output], initializers)
    return helper.make_model(inner, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def write_model(folder: Path, **changes: Any) -> Path:
    """Its file; `changes` replace fields of the contract."""
    return tiny.write(folder, tiny.stamped(graph(), contract(**changes)), "small.onnx")


def write_pictures(folder: Path, count: int, seed: int = 0) -> Path:
    """`count` pictures, each mostly of one of the colours in turn, and a file that is none."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        pixels = rng.integers(0, 120, (SIDE, SIDE, 3), dtype=np.uint8)
        pixels[..., number % 3] += rng.integers(60, 130, dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:03}.png")
    (folder / "labels.tsv").write_text("file\tlabel\n", encoding="utf-8")
    return folder
