"""The input of a network: which layout, size and type it has, found in the graph or asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import onnx
from onnx import TensorProto

from converters.export import ConversionError

Layout = Literal["nchw", "nhwc"]
_TYPES = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.UINT8)


@dataclass(frozen=True)
class Input:
    """The one input of a graph: pixels `height` x `width` in `layout`.

    `type` is ONNX's number of its element type. `batch` is the number of pictures where the graph
    takes no other, else None.
    """

    name: str
    type: int
    layout: Layout
    height: int
    width: int
    batch: int | None = None


def find_input(
    graph: onnx.GraphProto,
    layout: Layout | None = None,
    size: int | None = None,
    usual: int | None = None,
) -> Input:
    """The input of `graph`; `layout` and `size` (of its sides, in pixels) are what the user says.

    `usual` is the size to take where neither says one.

    Raises ConversionError where there is not one picture's input, where the graph leaves open what
    the user has not said, or where the two differ.
    """
    value = _the_one(graph)
    shape = _shape(value)
    found = _layout(shape, layout)
    sides = shape[2:] if found == "nchw" else shape[1:3]
    height, width = (
        _side(side, size, name) or _usual(usual, name)
        for side, name in zip(sides, _SIDES, strict=True)
    )
    if height != width:
        raise ConversionError(
            f"the network takes {height} x {width} pixels, but the server cuts a picture's centre "
            "square: export the network for a square"
        )
    return Input(value.name, value.type.tensor_type.elem_type, found, height, width, shape[0])


_SIDES = ("height", "width")


def _the_one(graph: onnx.GraphProto) -> onnx.ValueInfoProto:
    weights = {weight.name for weight in graph.initializer}
    inputs = [value for value in graph.input if value.name not in weights]
    if len(inputs) != 1:
        names = ", ".join(value.name for value in inputs) or "none"
        raise ConversionError(f"the network has to have one input, a picture, and has: {names}")
    (value,) = inputs
    found: onnx.ValueInfoProto = value
    return found


def _shape(value: onnx.ValueInfoProto) -> list[int | None]:
    """Its four sizes, None for those that are free."""
    tensor = value.type.tensor_type
    if tensor.elem_type not in _TYPES:
        raise ConversionError(
            f"the input {value.name} takes {TensorProto.DataType.Name(tensor.elem_type).lower()}; "
            "expected is float, float16 or uint8"
        )
    shape = [dim.dim_value or None for dim in tensor.shape.dim]
    if not tensor.HasField("shape"):
        shape = [None] * 4
    if len(shape) != 4:
        raise ConversionError(
            f"the input {value.name} has {len(shape)} axes ({_shown(shape)}); pictures have 4: "
            "[N, 3, height, width] or [N, height, width, 3]"
        )
    return shape


def _layout(shape: Sequence[int | None], asked: Layout | None) -> Layout:
    channels = {"nchw": shape[1], "nhwc": shape[3]}
    fitting: list[Layout] = [one for one in ("nchw", "nhwc") if channels[one] == 3]
    if asked is not None:
        if channels[asked] not in (3, None):
            raise ConversionError(
                f"--layout {asked} does not fit the input {_shown(shape)}, which has "
                f"{channels[asked]} where the 3 channels should be"
            )
        return asked
    if len(fitting) == 1:
        return fitting[0]
    if None in channels.values() or fitting:
        raise ConversionError(
            f"the input {_shown(shape)} does not say where the channels are; give --layout nchw "
            "(PyTorch's) or --layout nhwc (TensorFlow's)"
        )
    raise ConversionError(
        f"the input {_shown(shape)} has no axis of 3 channels; the server gives RGB pictures: "
        "[N, 3, height, width] or [N, height, width, 3]"
    )


def _side(found: int | None, asked: int | None, name: str) -> int | None:
    if found is not None and asked is not None and found != asked:
        raise ConversionError(f"--size {asked} does not fit the network, whose {name} is {found}")
    return asked if found is None else found


def _usual(size: int | None, name: str) -> int:
    if size is None:
        raise ConversionError(
            f"the network takes pictures of any {name}; give --size with the pixels that it was "
            "trained with, for example --size 224"
        )
    return size


def _shown(shape: Sequence[int | None]) -> str:
    return f"[{', '.join('?' if size is None else str(size) for size in shape)}]"
