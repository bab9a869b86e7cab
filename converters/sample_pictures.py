"""Pictures on which an image model is compared with its source: easy, empty and hard ones."""

import numpy as np
import numpy.typing as npt
from PIL import Image
from sklearn.datasets import load_sample_images

Pictures = npt.NDArray[np.uint8]


def sample_pictures(size: int, seed: int = 0) -> Pictures:
    """RGB pictures, uint8 [8, size, size, 3]: photos, noise, a gradient and solid colours."""
    rng = np.random.default_rng(seed)
    photos = [_squeezed(photo, size) for photo in load_sample_images().images]
    noise = rng.integers(0, 256, (2, size, size, 3), dtype=np.uint8)
    noise[1] //= 8  # nearly black: far from the mean that the network expects
    ramp = np.linspace(0, 255, size).astype(np.uint8)
    across, down = np.meshgrid(ramp, ramp)
    gradient = np.stack([across, down, 255 - across], axis=-1)
    solid = [np.full((size, size, 3), colour, np.uint8) for colour in (0, 255, (200, 30, 90))]
    return np.stack([*photos, *noise, gradient, *solid])


def _squeezed(photo: Pictures, size: int) -> Pictures:
    return np.asarray(Image.fromarray(photo).resize((size, size), Image.Resampling.BICUBIC))
