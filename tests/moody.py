"""An image model whose work a picture's colour decides: red takes seconds, green fails.

Black is answered at once. So a test gets a busy model thread, or a run that raises, when it wants.
"""

import io
from pathlib import Path

from onnx import parser
from PIL import Image

from tests.tiny import faq_contract, faq_graph, image_contract, stamped, write

# The reddest pixel sets the turns of an empty loop, the greenest one reads behind a table's end.
_GRAPH = """
<ir_version: 10, opset_import: ["": 18]>
moody (uint8[N, 4, 4, 3] image) => (float[N, 2] probabilities)
<
    float[1] turns = {TURNS}, bool go = {1}, float[1, 2] halves = {0.5, 0.5},
    float[1, 2] zeros = {0.0, 0.0}, int64[3] places = {0, 1, 2}, int64[3] inner = {1, 2, 3},
    int64[1] last = {1}
>
{
    numbers = Cast <to = 1> (image)
    colour = ReduceMax <keepdims = 0> (numbers, places)
    red, green, blue = Split <num_outputs = 3> (colour)
    reddest = Mul (red, turns)
    count = Cast <to = 7> (reddest)
    answer = Loop <
        body = again (int64 turn, bool going, float[1, 2] before) => (bool on, float[1, 2] after) {
            on = Identity (going)
            after = Identity (before)
        }
    > (count, go, halves)
    row = Cast <to = 7> (green)
    nothing = Gather (zeros, row)
    each = ReduceMean <keepdims = 0> (numbers, inner)
    column = Unsqueeze (each, last)
    blank = Mul (column, nothing)
    probabilities = Add (blank, answer)
}
"""


def model(seconds: float = 2.0) -> bytes:
    """The model's file; the reddest picture takes about `seconds` on a machine of 2026."""
    graph = parser.parse_model(_GRAPH.replace("TURNS", f"{seconds * 1_500_000 / 255:.1f}"))
    return stamped(graph, image_contract())


def picture(colour: str) -> bytes:
    """A PNG of one colour."""
    file = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(file, "PNG")
    return file.getvalue()


BLACK, RED, GREEN = picture("black"), picture("red"), picture("lime")


def settings(folder: Path, seconds: float = 2.0) -> dict[str, object]:
    """Settings of a server with `model(seconds)` and a tiny FAQ model, which share a thread."""
    return {
        "faq_model": write(folder, stamped(faq_graph(), faq_contract()), "faq.onnx"),
        "image_model": write(folder, model(seconds), "image.onnx"),
        "threads": 1,
        "cpu_mode": "latency",
        "timeout_ms": 600_000,  # no deadline passes on a slow machine, unless a test asks for one
    }
