"""Small pictures that stand in a page, as data: URLs."""

import base64
import io
from pathlib import Path

from PIL import Image

from server.codec.picture import decode
from server.contract import ImageContract

SIDE = 192
_QUALITY = 80


def thumbnail(path: Path, contract: ImageContract, max_megapixels: float) -> str:
    """The picture as the model sees it, its centre square, SIDE pixels wide at most, as a URL."""
    picture = Image.fromarray(decode(path.read_bytes(), contract, max_megapixels))
    picture.thumbnail((SIDE, SIDE))
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(content.getvalue()).decode('ascii')}"
