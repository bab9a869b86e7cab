"""EfficientNet-Lite: its layers, and the network in plain numpy, as its weights' authors define it.

EfficientNet without squeeze-and-excitation and with ReLU6; stem and head keep their size over the
variants. The weights come from TensorFlow: padding is its SAME, preprocessing (x - 127) / 128.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from converters.export import ConversionError
from converters.imagenet import CLASSES

Array = npt.NDArray[np.float32]
Weights = Mapping[str, Array]

MEAN = 127.0
SCALE = 128.0
EPSILON = 1e-3
CROP = 224 / 256
FEATURES = 1280
_STEM = 32
# kernel, blocks, stride of the first block, expansion, channels
_STAGES = (
    (3, 1, 1, 1, 16),
    (3, 2, 2, 6, 24),
    (5, 2, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (5, 3, 1, 6, 112),
    (5, 4, 2, 6, 192),
    (3, 1, 1, 6, 320),
)


@dataclass(frozen=True)
class Variant:
    """One size of the family: factors of the baseline's channels and blocks, input in pixels."""

    width: float
    depth: float
    resolution: int


VARIANTS = (Variant(1.0, 1.0, 224), Variant(1.0, 1.1, 240), Variant(1.1, 1.2, 260))


@dataclass(frozen=True)
class Convolution:
    """A convolution without bias, its batch norm, and ReLU6 where `activated`.

    `name` and `norm` are the prefixes of the weights.
    """

    name: str
    norm: str
    inputs: int
    outputs: int
    kernel: int = 1
    stride: int = 1
    depthwise: bool = False
    activated: bool = True

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each weight by its name."""
        inputs = 1 if self.depthwise else self.inputs
        norms = (f"{self.norm}.{part}" for part in ("weight", "bias", "running_mean"))
        return {
            f"{self.name}.weight": (self.outputs, inputs, self.kernel, self.kernel),
            **dict.fromkeys(norms, (self.outputs,)),
            f"{self.norm}.running_var": (self.outputs,),
        }


@dataclass(frozen=True)
class Block:
    """Convolutions one after the other; a residual block adds its input to what they give."""

    convolutions: tuple[Convolution, ...]
    residual: bool = False


def blocks(variant: Variant) -> Iterator[Block]:
    """The network from the normalised picture to the features before pooling."""
    yield Block((Convolution("_conv_stem", "_bn0", 3, _STEM, kernel=3, stride=2),))
    inputs, index = _STEM, 0
    for stage, (kernel, count, stride, expansion, channels) in enumerate(_STAGES):
        outputs = _scaled_channels(channels, variant.width)
        if stage not in (0, len(_STAGES) - 1):
            count = math.ceil(count * variant.depth)
        for step in (stride, *[1] * (count - 1)):
            yield _inverted_residual(f"_blocks.{index}", inputs, outputs, kernel, step, expansion)
            inputs, index = outputs, index + 1
    yield Block((Convolution("_conv_head", "_bn1", inputs, FEATURES),))


def check(weights: Weights, variant: Variant) -> None:
    """Raise ConversionError where `weights` are not those of `variant`: names, shapes, values."""
    expected = {"_fc.weight": (CLASSES, FEATURES), "_fc.bias": (CLASSES,)}
    for block in blocks(variant):
        for convolution in block.convolutions:
            expected |= convolution.shapes()
    # What only training needs.
    actual = {name for name in weights if not name.endswith(".num_batches_tracked")}
    if actual != expected.keys():
        name = min(actual ^ expected.keys())
        state = "unknown" if name in actual else "missing"
        raise ConversionError(f"these are the weights of another network: {name} is {state}")
    for name, shape in expected.items():
        value = weights[name]
        if value.shape != shape or value.dtype != np.float32 or not np.isfinite(value).all():
            raise ConversionError(
                f"these are the weights of another network: {name} has to be finite float32 "
                f"numbers of shape {shape}, and is {value.dtype} of shape {value.shape}"
            )


def _inverted_residual(
    name: str, inputs: int, outputs: int, kernel: int, stride: int, expansion: int
) -> Block:
    middle = inputs * expansion
    expand = Convolution(f"{name}._expand_conv", f"{name}._bn0", inputs, middle)
    depthwise = Convolution(
        f"{name}._depthwise_conv", f"{name}._bn1", middle, middle, kernel, stride, depthwise=True
    )
    project = Convolution(f"{name}._project_conv", f"{name}._bn2", middle, outputs, activated=False)
    first = (expand,) if expansion > 1 else ()
    return Block((*first, depthwise, project), residual=stride == 1 and inputs == outputs)


def _scaled_channels(channels: int, width: float) -> int:
    # To the nearest multiple of 8, but never more than a tenth down.
    scaled = channels * width
    rounded = max(8, int(scaled + 4) // 8 * 8)
    return rounded if rounded >= 0.9 * scaled else rounded + 8
