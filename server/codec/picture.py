"""From the bytes of a picture to the square of pixels that a model takes."""

import io
import logging
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import numpy.typing as npt
from PIL import (  # imported here, because Pillow else imports all of its plugins on first use
    BmpImagePlugin,  # noqa: F401
    GifImagePlugin,  # noqa: F401
    Image,
    JpegImagePlugin,  # noqa: F401
    PngImagePlugin,  # noqa: F401
    TiffImagePlugin,  # noqa: F401
    WebPImagePlugin,  # noqa: F401
)

from server.codec import container
from server.codec.container import Header
from server.contract import ImageContract
from server.errors import TooLarge

# Pillow's own limit is one for the whole process, and it warns. Ours, `max_megapixels`, is held
# against the header before Pillow sees a byte.
Image.MAX_IMAGE_PIXELS = None

LARGE = 4_000_000  # pixels, which take 16 MB and more

# A JPEG is decoded at the smallest scale that leaves this many times the model's side: a photo of
# 12 megapixels at 1/4, for half the cost of 1/2. With 1.0, 4 of 80 photos get another label.
_DRAFT = 2
_RESAMPLE = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
_TURN = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_AT_ONCE = nullcontext()
_log = logging.getLogger("rtscore")


def decode(
    content: bytes,
    contract: ImageContract,
    max_megapixels: float,
    large: AbstractContextManager[object] = _AT_ONCE,
) -> npt.NDArray[np.uint8]:
    """The centre square of an encoded picture, uint8 [height, width, 3] (RGB), to read only.

    It is C-contiguous. Takes JPEG, PNG, WebP, BMP and the first frame of GIF or TIFF; the bytes
    decide which. EXIF's orientation is applied and transparency laid over white. Raises BadRequest
    for bytes that can't be decoded, UnsupportedMediaType for other formats, and TooLarge, before
    any pixel is decoded, for more than `max_megapixels` million pixels. A picture of more than
    LARGE pixels is decoded within `large`, which may limit how many take that memory at once.
    """
    name, header = container.read(content)
    sizes = ((header.width, header.height), header.tile)
    most = max(width * height for width, height in sizes)
    for width, height in sizes:
        if width * height > max_megapixels * 1e6:
            raise TooLarge(
                f"The picture has {width * height / 1e6:.1f} megapixels ({width} x {height}); at "
                f"most {max_megapixels:g} are taken. Scale it down."
            )
    try:
        with large if most > LARGE else _AT_ONCE:
            return np.asarray(_square(name, header, contract))
    except Exception as error:  # on hostile bytes Pillow raises almost anything
        _log.debug("Pillow on a %s picture: %r", name, error)
        raise container.damaged(name) from error


def _square(name: str, header: Header, contract: ImageContract) -> Image.Image:
    with Image.open(io.BytesIO(header.content), formats=(name,)) as picture:
        if picture.size != (header.width, header.height):
            raise ValueError(f"Pillow sees {picture.size}")
        # JPEG can be decoded at 1/2, 1/4 or 1/8, which is several times faster.
        side = int(_DRAFT * contract.height / contract.crop)
        draft = picture.draft(None, (side, side))
        _, _, width, height = draft[1] if draft else (0, 0, *picture.size)
        # In one piece: by default the decoder is left, and has to wait to go on, every 64 KiB.
        picture.decodermaxblock = len(header.content)
        picture.load()
        pixels = _rgb(picture, header.bits)
    crop = contract.crop * min(width, height)
    left, top = (width - crop) / 2, (height - crop) / 2
    # Only the box is read, and the turn comes last: the centre square is the same either way.
    small = pixels.resize(
        (contract.width, contract.height),
        _RESAMPLE[contract.resample],
        box=(left, top, left + crop, top + crop),
    )
    small = small if small.mode == "RGB" else small.convert("RGB")  # which copies RGB too
    return small.transpose(_TURN[header.orientation]) if header.orientation > 1 else small


def _rgb(picture: Image.Image, bits: int) -> Image.Image:
    """`picture` over white as "RGB", or as "L" where it is grey."""
    if picture.mode.startswith(("I", "F")):
        return _grey(picture, bits)
    if picture.mode in ("L", "RGB") and "transparency" in picture.info:
        _scale_transparent(picture, bits)
    if picture.mode == "La":
        picture = picture.convert("LA")
    if picture.has_transparency_data:
        # Before resizing: bicubic overshoots, and what is clipped then can't be made good.
        if picture.mode != "RGBA":
            picture = picture.convert("RGBA")
        white = Image.new("RGB", picture.size, "white")
        white.paste(picture, mask=picture)
        return white
    return picture if picture.mode in ("L", "RGB") else picture.convert("RGB")


def _scale_transparent(picture: Image.Image, bits: int) -> None:
    """Bring the transparent colour, in `bits` as the file has it, to the pixels' 8 bits."""
    scaled = [
        value >> 8 if bits == 16 else value * 255 // (2**bits - 1)
        for value in np.atleast_1d(picture.info["transparency"]).tolist()
    ]
    picture.info["transparency"] = scaled[0] if picture.mode == "L" else tuple(scaled)


def _grey(picture: Image.Image, bits: int) -> Image.Image:
    """Samples of more than 8 bits, scaled to 8.

    White is the most that a sample of `bits` can hold; where that is not what writers mean (32-bit
    integers and floats), it is the least of the usual white levels that all samples stay below.
    """
    samples = np.asarray(picture)
    if picture.mode.startswith("I;16"):
        white: float = 2**bits - 1
    else:
        samples = np.nan_to_num(samples.astype(np.float32), posinf=0, neginf=0)
        levels = (1, 255, 65535) if picture.mode == "F" else (255, 65535)
        highest = float(samples.max())
        white = next((level for level in levels if highest <= level), highest)
    scaled = np.clip(samples, 0, white) * np.float32(255 / white) + np.float32(0.5)
    grey = scaled.astype(np.uint8)
    if "transparency" in picture.info:
        grey[samples == picture.info["transparency"]] = 255
    return Image.fromarray(grey)
