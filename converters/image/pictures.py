"""The pictures on which a network and its graph are compared: built-in ones and a user's photos."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from converters.export import ConversionError
from converters.sample_pictures import sample_pictures
from server.codec.picture import decode
from server.contract import ImageContract
from server.errors import ApiError

Pictures = npt.NDArray[np.uint8]

_SUFFIXES = {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
_BATCH = 4
_MAX_MEGAPIXELS = 200.0


def built_in(size: int) -> list[Pictures]:
    """RGB pictures, uint8 [N, size, size, 3], in batches of 1, 3 and 4."""
    return np.split(sample_pictures(size), (1, 4))


def photos(contract: ImageContract, folder: Path) -> Iterator[Pictures]:
    """The pictures in `folder` in batches, as the server makes them for a model of `contract`.

    Raises ConversionError where there are none, or one can't be read.
    """
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES)
    if not paths:
        raise ConversionError(f"there are no pictures in {folder}")
    for start in range(0, len(paths), _BATCH):
        yield np.stack([_decoded(path, contract) for path in paths[start : start + _BATCH]])


def _decoded(path: Path, contract: ImageContract) -> Pictures:
    try:
        return decode(path.read_bytes(), contract, _MAX_MEGAPIXELS)
    except ApiError as error:
        raise ConversionError(f"{path}: {error}") from error
