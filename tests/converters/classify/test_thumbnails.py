import base64
import io
from pathlib import Path

import numpy as np
from PIL import Image

from converters.classify.thumbnails import SIDE, thumbnail
from tests import tiny

START = "data:image/jpeg;base64,"


def opened(url: str) -> Image.Image:
    assert url.startswith(START)
    return Image.open(io.BytesIO(base64.b64decode(url.removeprefix(START), validate=True)))


def test_it_is_what_the_model_sees(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    picture = Image.new("RGB", (900, 300), "red")
    picture.paste("blue", (300, 0, 600, 300))
    picture.save(path)
    small = opened(thumbnail(path, tiny.image_contract(height=300, width=300), 50))
    assert small.size == (SIDE, SIDE)
    assert small.format == "JPEG"
    red, _, blue = np.asarray(small)[100, 4].tolist()
    assert blue > 240
    assert red < 20


def test_a_small_one_stays_small(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    Image.new("L", (9, 9), 200).save(path)
    assert opened(thumbnail(path, tiny.image_contract(), 50)).size == (tiny.SIDE, tiny.SIDE)
