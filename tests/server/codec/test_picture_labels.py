"""The default image model says the same of a photo, however the photo is stored."""

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from server.codec.picture import decode
from server.contract import ImageContract
from server.session import Probabilities, Session

Encode = Callable[..., bytes]
Classify = Callable[[bytes], Probabilities]

TURNED_BY = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
LARGE = 4000, 3000


@pytest.fixture(scope="module")
def classify(image_fp32_model: Path) -> Classify:
    """The model's probabilities, float32 [1000], for the bytes of a picture."""
    session = Session(image_fp32_model, threads=0)
    contract = session.contract
    assert isinstance(contract, ImageContract)

    def classified(content: bytes) -> Probabilities:
        (row,) = session.run({"image": decode(content, contract, 50)[np.newaxis]})
        return np.asarray(row)

    return classified


def contents(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.glob("*.JPEG"))]


def copies(content: bytes, encode: Encode) -> Iterator[tuple[str, bytes]]:
    photo = Image.open(BytesIO(content)).convert("RGB")
    for orientation, turn in TURNED_BY.items():
        exif = Image.Exif()
        exif[274] = orientation
        yield f"EXIF {orientation}", encode(photo.transpose(turn), "JPEG", quality=95, exif=exif)
    yield "PNG", encode(photo, "PNG", compress_level=1)
    yield "WebP", encode(photo, "WEBP", quality=90)
    yield "CMYK", encode(photo.convert("CMYK"), "JPEG", quality=95)


def test_copies_of_a_photo_have_its_label(photos: Path, classify: Classify, encode: Encode) -> None:
    sure = [photo for photo in contents(photos) if classify(photo).max() >= 0.9]
    assert len(sure) >= 20
    for photo in sure:
        label = classify(photo).argmax()
        for kind, copy in copies(photo, encode):
            assert classify(copy).argmax() == label, kind


def test_a_large_jpeg_scores_as_if_it_were_decoded_whole(
    photos: Path, classify: Classify, encode: Encode
) -> None:
    def close(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> bool:
        return bool(np.abs(one - other).max() <= 0.05 and one.argmax() == other.argmax())

    for photo in contents(photos)[::5]:
        large = Image.open(BytesIO(photo)).convert("RGB").resize(LARGE, Image.Resampling.BICUBIC)
        jpeg = encode(large, "JPEG", quality=90)
        # The same pixels without a loss, which Pillow can only decode whole.
        whole = encode(Image.open(BytesIO(jpeg)), "BMP")
        assert close(classify(jpeg), classify(whole))
