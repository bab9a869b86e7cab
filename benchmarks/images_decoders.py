"""JPEG decoders side by side: milliseconds to the model's square, and whether labels stay the same.

Those of simplejpeg and OpenCV are left out where the packages are missing: pip install
'rtscore[decoders]'.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from statistics import median
from time import thread_time
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from server.codec import picture
from server.contract import ImageContract
from server.session import Session

Decode = Callable[[bytes, ImageContract], npt.NDArray[np.uint8]]
SMALL, LARGE = (500, 375), (4000, 3000)
OURS, EXACT = "the server's", "Pillow, every pixel"
TURNS = 5


@dataclass(frozen=True)
class Decoder:
    """Milliseconds of SMALL and LARGE pictures; pictures whose label is that of EXACT."""

    name: str
    small_ms: float
    large_ms: float
    agree_small: int
    agree_large: int


def scaled(content: bytes, size: tuple[int, int]) -> bytes:
    """A picture as a JPEG of `size`, or of its sides exchanged where it is higher than wide."""
    with Image.open(io.BytesIO(content)) as opened:
        upright = opened.height > opened.width
        resized = opened.convert("RGB").resize(size[::-1] if upright else size)
    file = io.BytesIO()
    resized.save(file, "JPEG", quality=90)
    return file.getvalue()


def compare(session: Session, bodies: Sequence[bytes], timed: int = 12) -> list[Decoder]:
    """Every decoder on `bodies` at both sizes; the first few of them are timed."""
    contract = session.contract
    assert isinstance(contract, ImageContract)
    found = decoders()
    times, agreed = [], []
    for size in (SMALL, LARGE):
        jpegs = [scaled(body, size) for body in bodies]
        times.append(milliseconds(found, jpegs[:timed], contract))
        labels = {name: _labels(session, contract, one, jpegs) for name, one in found.items()}
        agreed.append({name: sum(labels[name] == labels[EXACT]) for name in found})
    small, large = times
    return [
        Decoder(name, small[name], large[name], agreed[0][name], agreed[1][name]) for name in found
    ]


def milliseconds(
    found: Mapping[str, Decode], jpegs: Sequence[bytes], contract: ImageContract
) -> dict[str, float]:
    """CPU time of the median picture at its best; the decoders take turns."""
    best: dict[str, list[float]] = {name: [np.inf] * len(jpegs) for name in found}
    for _ in range(TURNS):
        for place, jpeg in enumerate(jpegs):
            for name, decode in found.items():
                begun = thread_time()
                decode(jpeg, contract)
                best[name][place] = min(best[name][place], thread_time() - begun)
    return {name: 1000 * median(taken) for name, taken in best.items()}


def _labels(
    session: Session, contract: ImageContract, decode: Decode, jpegs: Sequence[bytes]
) -> npt.NDArray[np.intp]:
    squares = (decode(jpeg, contract)[np.newaxis] for jpeg in jpegs)
    return np.array([session.run({"image": square})[0].argmax() for square in squares])


def decoders() -> dict[str, Decode]:
    """Those that can be had here, by name."""
    found: dict[str, Decode] = {OURS: _ours, EXACT: _pillow}
    if find_spec("simplejpeg"):
        found |= {"simplejpeg, every pixel": _simplejpeg, "simplejpeg, scaled": _simplejpeg_scaled}
    if find_spec("cv2"):
        found |= {"OpenCV, linear": _opencv, "OpenCV, scaled, area": _opencv_scaled}
    return found


def _ours(content: bytes, contract: ImageContract) -> npt.NDArray[np.uint8]:
    return picture.decode(content, contract, max_megapixels=50)


def _pillow(content: bytes, contract: ImageContract) -> npt.NDArray[np.uint8]:
    with Image.open(io.BytesIO(content)) as opened:
        return _square(opened, contract)


def _simplejpeg(content: bytes, contract: ImageContract) -> npt.NDArray[np.uint8]:
    return _square(_from_simplejpeg(content, 0), contract)


def _simplejpeg_scaled(content: bytes, contract: ImageContract) -> npt.NDArray[np.uint8]:
    return _square(_from_simplejpeg(content, int(contract.height / contract.crop)), contract)


def _from_simplejpeg(content: bytes, least: int) -> Image.Image:
    import simplejpeg

    pixels = simplejpeg.decode_jpeg(content, "RGBX", min_height=least, min_width=least)
    size = pixels.shape[1::-1]
    return Image.frombuffer("RGBX", size, pixels, "raw", "RGBX", 0, 1)  # without a copy


def _opencv(content: bytes, contract: ImageContract) -> npt.NDArray[np.uint8]:
    import cv2

    return _from_opencv(content, contract, cv2.IMREAD_COLOR, cv2.INTER_LINEAR)


def _opencv_scaled(content: bytes, contract: ImageContract) -> npt.NDArray[np.uint8]:
    import cv2

    with Image.open(io.BytesIO(content)) as opened:  # reads no more than the header
        scale = min(opened.size) * contract.crop / contract.height
    flags = {8: cv2.IMREAD_REDUCED_COLOR_8, 4: cv2.IMREAD_REDUCED_COLOR_4}
    flags |= {2: cv2.IMREAD_REDUCED_COLOR_2, 0: cv2.IMREAD_COLOR}
    flag = next(flag for least, flag in flags.items() if scale >= least)
    return _from_opencv(content, contract, flag, cv2.INTER_AREA)


def _from_opencv(
    content: bytes, contract: ImageContract, flag: int, interpolation: int
) -> npt.NDArray[np.uint8]:
    import cv2

    pixels: Any = cv2.imdecode(np.frombuffer(content, np.uint8), flag)
    left, top, right, bottom = map(round, _box(pixels.shape[1::-1], contract))
    side = (contract.width, contract.height)
    small = cv2.resize(pixels[top:bottom, left:right], side, interpolation=interpolation)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2RGB))


def _square(opened: Image.Image, contract: ImageContract) -> npt.NDArray[np.uint8]:
    side, box = (contract.width, contract.height), _box(opened.size, contract)
    return np.asarray(opened.resize(side, Image.Resampling.BICUBIC, box).convert("RGB"))


def _box(size: tuple[int, int], contract: ImageContract) -> tuple[float, float, float, float]:
    width, height = size
    crop = contract.crop * min(size)
    left, top = (width - crop) / 2, (height - crop) / 2
    return left, top, left + crop, top + crop
