"""Pictures that a variant is calibrated and evaluated on, decoded as the server decodes them."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from converters.export import ConversionError
from server.codec.picture import decode
from server.contract import ImageContract
from server.errors import ApiError

Pixels = npt.NDArray[np.uint8]

BATCH = 4
_SUFFIXES = frozenset((".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"))
_MAX_MEGAPIXELS = 50.0  # the server's default


class Picture(NamedTuple):
    """A picture's file and the SHA-256 of its bytes."""

    path: Path
    sha256: str


def find(folder: Path) -> list[Picture]:
    """Every picture in `folder` and below, by its suffix; one that is there twice, once.

    Raises ConversionError where `folder` is no folder.
    """
    if not folder.is_dir():
        raise ConversionError(f"{folder} is no folder; name one with pictures")
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in _SUFFIXES and path.is_file():
            found.setdefault(hashlib.sha256(path.read_bytes()).hexdigest(), path)
    return [Picture(path, digest) for digest, path in found.items()]


def halves(pictures: Sequence[Picture], seed: int) -> tuple[list[Picture], list[Picture]]:
    """`pictures` in two by chance; of an odd number, the second half gets one more."""
    order = np.random.default_rng(seed).permutation(len(pictures)).tolist()
    middle = len(order) // 2
    first, second = sorted(order[:middle]), sorted(order[middle:])
    return [pictures[place] for place in first], [pictures[place] for place in second]


def digest(pictures: Sequence[Picture]) -> str:
    """One SHA-256 for all `pictures`, whatever their names and order."""
    return hashlib.sha256("".join(sorted(one.sha256 for one in pictures)).encode()).hexdigest()


def batches(pictures: Sequence[Picture], contract: ImageContract) -> Iterator[Pixels]:
    """The pictures as the model takes them, uint8 [at most BATCH, height, width, 3].

    Raises ConversionError, with the file's name, for one that can't be decoded.
    """
    for start in range(0, len(pictures), BATCH):
        part = pictures[start : start + BATCH]
        yield np.stack([_decoded(one.path, contract) for one in part])


def batch_count(pictures: Sequence[Picture]) -> int:
    """How many batches `pictures` make."""
    return -(-len(pictures) // BATCH)


def _decoded(path: Path, contract: ImageContract) -> Pixels:
    try:
        return decode(path.read_bytes(), contract, _MAX_MEGAPIXELS)
    except ApiError as error:
        raise ConversionError(f"{path}: {error} Take it out of the folder.") from error
