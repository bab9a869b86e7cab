"""Which layout, size and type a network takes: found, asked for, or refused."""

from typing import get_args

import onnx
import pytest

from converters.export import ConversionError
from converters.image.inputs import Input, Layout, find_input

FLOAT, HALF, BYTES = (
    onnx.TensorProto.FLOAT,
    onnx.TensorProto.FLOAT16,
    onnx.TensorProto.UINT8,
)


def _graph(inputs: str) -> onnx.GraphProto:
    return onnx.parser.parse_graph(f"net ({inputs}) => (float[N, 5] y) {{ y = Nothing(x) }}")


@pytest.mark.parametrize(
    ("inputs", "found"),
    [
        ("float[N, 3, 24, 24] x", Input("x", FLOAT, "nchw", 24, 24)),
        ("float[N, 24, 24, 3] x", Input("x", FLOAT, "nhwc", 24, 24)),
        ("float16[1, 3, 24, 24] x", Input("x", HALF, "nchw", 24, 24, 1)),
        ("uint8[4, 24, 24, 3] x", Input("x", BYTES, "nhwc", 24, 24, 4)),
    ],
)
def test_what_the_graph_says(inputs: str, found: Input) -> None:
    assert find_input(_graph(inputs)) == found


@pytest.mark.parametrize("layout", get_args(Layout))
@pytest.mark.parametrize(
    "inputs", ["float[N, A, B, C] x", "float[N, 3, 3, 3] x", "float[N, 3, A, 3] x", "float[] x"]
)
def test_what_it_leaves_open_is_asked_for(inputs: str, layout: Layout) -> None:
    size = 3 if "3, 3, 3" in inputs or "A, 3" in inputs else 32
    with pytest.raises(ConversionError, match="give --layout nchw"):
        find_input(_graph(inputs), size=size)
    assert find_input(_graph(inputs), layout, size) == Input("x", FLOAT, layout, size, size)


def test_one_axis_of_three_is_enough_where_the_others_are_open() -> None:
    assert find_input(_graph("float[N, 3, H, W] x"), size=32).layout == "nchw"
    assert find_input(_graph("float[N, H, W, 3] x"), size=32).layout == "nhwc"


def test_weights_among_the_inputs_are_none() -> None:
    graph = _graph("float[N, 3, 24, 24] x, float[5] w")
    graph.initializer.append(onnx.helper.make_tensor("w", FLOAT, [5], [0.0] * 5))
    assert find_input(graph).name == "x"


@pytest.mark.parametrize(
    ("inputs", "layout", "size", "said"),
    [
        ("float[N, 3, H, W] x", None, None, "pictures of any height; give --size"),
        ("float[N, 3, 24, 24] x", None, 32, "--size 32 does not fit the network, whose height is"),
        ("float[N, 3, 24, 24] x", "nhwc", None, "--layout nhwc does not fit .*which has 24 where"),
        ("float[N, 1, 24, 24] x", None, None, r"\[\?, 1, 24, 24\] has no axis of 3 channels"),
        ("float[N, 4, 24, 24] x", None, None, "has no axis of 3 channels"),
        ("float[N, 24, 24] x", None, None, r"has 3 axes \(\[\?, 24, 24\]\); pictures have 4"),
        ("float[N, 3, 24, 32] x", None, None, "takes 24 x 32 pixels, but .* square"),
        ("double[N, 3, 24, 24] x", None, None, "takes double; expected is float, float16"),
        ("float[N, 3, 24, 24] x, float[N, 2] y", None, None, "one input, .*has: x, y"),
        ("", None, None, "one input, .*has: none"),
    ],
)
def test_what_is_refused(inputs: str, layout: Layout | None, size: int | None, said: str) -> None:
    with pytest.raises(ConversionError, match=said):
        find_input(_graph(inputs), layout, size)
