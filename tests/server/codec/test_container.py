"""Headers, and what is taken out of a file before Pillow sees it."""

import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from server.codec import container
from server.codec.picture import decode
from server.contract import ImageContract
from server.errors import BadRequest, TooLarge

Encode = Callable[..., bytes]


@pytest.fixture
def rgb() -> Image.Image:
    coarse = np.random.default_rng(3).integers(0, 256, (4, 5, 3), np.uint8)
    return Image.fromarray(coarse).resize((50, 30), Image.Resampling.BICUBIC)


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP"])
def test_size(format_: str, rgb: Image.Image, encode: Encode) -> None:
    name, header = container.read(encode(rgb, format_))
    assert (name, header.width, header.height, header.orientation) == (format_, 50, 30, 1)


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"exif": b"Exif\0\0"}])
def test_size_of_each_kind_of_webp(
    options: dict[str, object], rgb: Image.Image, encode: Encode
) -> None:
    _, header = container.read(encode(rgb, "WEBP", **options))
    assert (header.width, header.height) == (50, 30)


def test_pillow_gets_no_metadata(rgb: Image.Image, encode: Encode) -> None:
    exif = Image.Exif()
    exif[274], exif[270] = 6, "SECRET"
    jpeg = encode(rgb, "JPEG", exif=exif, icc_profile=b"SECRET" * 20000, comment=b"SECRET")
    png = encode(rgb, "PNG", exif=exif, icc_profile=b"SECRET")
    gif = encode(rgb.quantize(8), "GIF", comment=b"SECRET" * 1000)
    for content, turned in (jpeg, 6), (png, 6), (gif, 1):
        _, header = container.read(content)
        assert header.orientation == turned
        assert b"SECRET" not in header.content
        assert b"iCCP" not in header.content


def test_what_follows_a_jpeg_is_cut_off(rgb: Image.Image, encode: Encode) -> None:
    jpeg = encode(rgb, "JPEG")
    video = bytes(range(256)) * 1000 + b"\xff\xda\0\x02" * 1000
    assert container.read(jpeg + video)[1].content == container.read(jpeg)[1].content


def test_a_thumbnail_is_not_the_picture(
    rgb: Image.Image, encode: Encode, contract: ImageContract
) -> None:
    jpeg = encode(rgb, "JPEG")
    thumbnail = b"Exif\0\0" + encode(Image.new("RGB", (8, 8)), "JPEG")
    segment = b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    with_it = jpeg[:2] + segment + jpeg[2:]
    assert np.array_equal(decode(with_it, contract, 1), decode(jpeg, contract, 1))


def test_a_progressive_jpeg_of_many_scans(
    rgb: Image.Image, encode: Encode, contract: ImageContract
) -> None:
    jpeg = encode(rgb, "JPEG", progressive=True)
    scan = jpeg[jpeg.rindex(b"\xff\xda") : -2]
    usual = jpeg.count(b"\xff\xda")
    assert decode(jpeg[:-2] + scan * (100 - usual) + jpeg[-2:], contract, 1).shape == (16, 16, 3)
    with pytest.raises(BadRequest, match="over 100 scans"):
        decode(jpeg[:-2] + scan * (101 - usual) + jpeg[-2:], contract, 1)


def test_two_frame_headers_of_different_size(
    rgb: Image.Image, encode: Encode, contract: ImageContract
) -> None:
    jpeg = encode(rgb, "JPEG")
    place = jpeg.index(b"\xff\xc0")
    frame = jpeg[place : place + 19]
    huge = frame[:5] + b"\xff\xff\xff\xff" + frame[9:]
    for frames in huge + frame, frame + huge:
        with pytest.raises((BadRequest, TooLarge)):
            decode(jpeg[:place] + frames + jpeg[place + 19 :], contract, 1)


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xd8\xff\xdb\0\0\xff\xd9",
        b"\xff\xd8\xff\xe1\0\x08Exif\0\0\xff\xd9",
        b"\xff\xd8" + b"\xff" * 1_000_000,
        b"\xff\xd8" + b"\xff\0" * 1_000_000,
        b"\xff\xd8" + b"\xff\xfe\0\x02" * 1_000_000 + b"\xff\xd9",
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sI", 0, b"teXt", 0) * 1_000_000,
        b"GIF89a\1\0\1\0\0\0\0" + b"!\xfe\1a" * 1_000_000,
        b"RIFF\0\0\0\0WEBPVP8X" + bytes(1_000_000),
        b"II+\0\x08\0\0\0\x10" + bytes(7) + b"\xff" * 1_000_000,
    ],
    ids=[
        "empty segment",
        "no scan",
        "padding",
        "zeros",
        "comments",
        "chunks",
        "blocks",
        "parts",
        "tags",
    ],
)
def test_broken_and_endless_structures_are_refused(content: bytes) -> None:
    with pytest.raises(BadRequest):
        container.read(content)


def test_a_picture_without_pixels(encode: Encode, rgb: Image.Image) -> None:
    png = encode(rgb, "PNG")
    with pytest.raises(BadRequest, match="no pixels"):
        container.read(png[:16] + bytes(4) + png[20:])


def run_length_bmp(width: int, height: int, data: bytes) -> bytes:
    palette = bytes(value for index in range(256) for value in (index, index, 255, 0))
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(data), 0, 0, 256, 0)
    start = struct.pack("<2sIHHI", b"BM", 0, 0, 0, 14 + len(header) + len(palette))
    return start + header + palette + data


def test_a_run_length_encoded_bmp(contract: ImageContract) -> None:
    small = run_length_bmp(20, 20, b"\x14\x07\0\0" * 20 + b"\0\1")
    assert np.all(decode(small, contract, 50) == (255, 7, 7))
    for large in run_length_bmp(3000, 3000, b"\0\1"), run_length_bmp(9, 9, bytes(4_000_000)):
        with pytest.raises(BadRequest, match="run-length"):
            decode(large, contract, 50)


def test_an_apng_is_read_as_a_png(
    rgb: Image.Image, encode: Encode, contract: ImageContract
) -> None:
    png = encode(rgb, "PNG")
    control = b"acTL" + struct.pack(">II", 2**32 - 1, 0)
    chunk = struct.pack(">I", 8) + control + struct.pack(">I", zlib.crc32(control))
    content = png[:33] + chunk * 2 + png[33:]  # for which Pillow warns
    assert np.array_equal(decode(content, contract, 1), decode(png, contract, 1))
