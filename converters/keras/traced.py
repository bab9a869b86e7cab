"""A network in TensorFlow, traced: a batch of pictures in, a row of scores for each out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import TensorProto, helper

from converters.export import ConversionError
from converters.image.inputs import Input, Layout, find_input
from converters.image.source import Floats
from converters.keras.libraries import line

Shape = Sequence[int | None] | None
_BATCH = 8  # pictures at a time: the activations of large networks take much memory


@dataclass(frozen=True)
class Traced:
    """`function`, a tf.function with one signature: `entry`, as float32, to float32 scores."""

    function: Any
    entry: Input

    def predict(self, pictures: Floats) -> Floats:
        """The network's own scores, float32 [N, classes], for any number of pictures."""
        batch = self.entry.batch or _BATCH
        answers = []
        for start in range(0, len(pictures), batch):
            part = pictures[start : start + batch]
            fixed = np.resize(part, (batch, *part.shape[1:])) if self.entry.batch else part
            answers.append(self.function(fixed).numpy()[: len(part)])
        return np.concatenate(answers)


def trace(
    tensorflow: Any,
    network: Callable[[Any], Any],
    shape: Shape,
    dtype: Any,
    *,
    layout: Layout | None,
    size: int | None,
) -> Traced:
    """`network`, called with one tensor of `shape` (None: not known) and `dtype`, as a function.

    `layout` and `size` are what the user says of its pictures. Raises ConversionError where it
    takes no pictures or gives no rows of scores.
    """
    if not (dtype.is_floating or dtype.is_integer):
        raise ConversionError(
            f"the network takes {dtype.name}, no pixels: export it without what reads files"
        )
    entry = _entry(shape, layout, size)
    sides = (entry.height, entry.width)
    whole = (entry.batch, *sides, 3) if entry.layout == "nhwc" else (entry.batch, 3, *sides)

    def scores(image: Any) -> Any:
        (found,) = tensorflow.nest.flatten(network(tensorflow.cast(image, dtype)))
        return tensorflow.cast(found, tensorflow.float32)

    spec = tensorflow.TensorSpec(whole, tensorflow.float32, name="image")
    function = tensorflow.function(scores, input_signature=[spec], autograph=False)
    try:
        (given,) = function.get_concrete_function().outputs
    except Exception as error:  # whatever a layer raises that can't take such a picture
        raise ConversionError(
            f"the network can't be run on pictures of {entry.height} x {entry.width} pixels "
            f"({line(error)})"
        ) from error
    _check_scores(given.shape)
    return Traced(function, entry)


def _entry(shape: Shape, layout: Layout | None, size: int | None) -> Input:
    value = helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)
    return find_input(helper.make_graph([], "network", [value], []), layout, size)


def _check_scores(shape: Any) -> None:
    if shape.rank == 4:
        raise ConversionError(
            f"the network gives feature maps {shape}, no scores of classes: its top was removed "
            "(include_top=False); give it with the layers that classify"
        )
