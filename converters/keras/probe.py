"""What a function that prepares pixels does, found by handing it pixels."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from converters.export import ConversionError
from converters.image.preprocessing import Channels, Preprocessing

Doubles = npt.NDArray[np.float64]

_DIGITS = 7  # significant ones: what float32 holds
_TOLERANCE = 1e-5  # of the whole range that a channel takes


def probe(prepare: Callable[[Doubles], Any], size: int) -> Preprocessing:
    """What `prepare` does with RGB pixels, float64 [N, height, width, 3] from 0 to 255.

    It may scale and shift each channel and turn RGB into BGR. Raises ConversionError where it
    does anything else.
    """
    black, *primaries = (_answer(prepare, colour) for colour in ((0, 0, 0), *np.eye(3) * 255))
    response = np.stack([answer - black for answer in primaries])  # [channel in, channel out]
    bgr = not np.diagonal(response).all()
    scale = np.diagonal(response[::-1] if bgr else response) / 255
    if not (np.isfinite(response).all() and scale.all()):
        raise _not_affine()
    found = Preprocessing(size, size, _channels(-black / scale), _channels(1 / scale), bgr)
    pictures = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    difference = found.apply(pictures) - np.asarray(prepare(pictures.astype(np.float64)))
    if np.abs(difference).max() > _TOLERANCE * 255 * np.abs(scale).max():
        raise _not_affine()
    return found


def _answer(prepare: Callable[[Doubles], Any], colour: Any) -> Doubles:
    pixels = np.broadcast_to(np.asarray(colour, np.float64), (1, 2, 2, 3))
    answer: Doubles = np.asarray(prepare(pixels.copy()), np.float64)[0, 0, 0]  # written over
    return answer


def _channels(values: Doubles) -> Channels:
    first, second, third = (float(f"{value:.{_DIGITS}g}") + 0.0 for value in values)  # no -0.0
    return first, second, third


def _not_affine() -> ConversionError:
    return ConversionError(
        "its preprocessing does more than scale and shift each channel, so that it can't be put "
        "into the graph; make a model that prepares pixels in its first layers, and convert that"
    )
