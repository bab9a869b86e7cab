"""What a network expects of its pixels: size, scale, order of the channels, crop."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Channels = tuple[float, float, float]
Resample = Literal["bilinear", "bicubic"]


@dataclass(frozen=True)
class Preprocessing:
    """The network's input is (pixels in 0..255 - `mean`) / `std`, in RGB order or, if `bgr`, BGR.

    `mean` and `std` are in the order in which the network takes the channels. The picture's centre
    square, `crop` times its short side, is resized to `height` x `width` before.
    """

    height: int
    width: int
    mean: Channels
    std: Channels
    bgr: bool = False
    crop: float = 0.875
    resample: Resample = "bicubic"

    def apply(self, pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """The network's input, float32 [N, height, width, 3], of RGB pictures of that shape."""
        pixels = pictures[..., ::-1] if self.bgr else pictures
        return np.asarray((pixels - np.array(self.mean)) / np.array(self.std), np.float32)


def _preset(mean: Channels, std: Channels, bgr: bool = False) -> Preprocessing:
    return Preprocessing(224, 224, mean, std, bgr)


# Of 224 x 224 pixels: replace height and width where the network takes others.
PRESETS = {
    # ImageNet's mean and deviation, which torchvision and timm give for pixels from 0 to 1.
    "torch": _preset(
        (0.485 * 255, 0.456 * 255, 0.406 * 255), (0.229 * 255, 0.224 * 255, 0.225 * 255)
    ),
    # ResNet and VGG as Caffe trained them, and Keras took them over.
    "caffe": _preset((103.939, 116.779, 123.68), (1.0, 1.0, 1.0), bgr=True),
    # From -1 to 1.
    "tf": _preset((127.5, 127.5, 127.5), (127.5, 127.5, 127.5)),
    # From 0 to 1.
    "unit": _preset((0.0, 0.0, 0.0), (255.0, 255.0, 255.0)),
    # From 0 to 255: the network normalises by itself.
    "none": _preset((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
}
