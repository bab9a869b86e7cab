"""Formats by their first bytes."""

import pytest

from server.codec.formats import sniff
from server.errors import BadRequest, UnsupportedMediaType


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"\0\0\0\x1cftypavif\0\0\0\0", "AVIF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0", "HEIC"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", "SVG"),
        (b"\xef\xbb\xbf\n <?xml version='1.0'?>\n<!-- a -->\n<svg\n width='1'>", "SVG"),
        (b"<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' ''>\n<svg>", "SVG"),
        (b"\x1f\x8b\x08\0", "SVGZ"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "EPS"),
        (b"\xc5\xd0\xd3\xc6\x20\0\0\0", "EPS"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\0\0\x01\0\x01\0\x10\x10", "ICO"),
        (b"8BPS\0\x01", "PSD"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"\xff\x4f\xff\x51\0\x2f", "JPEG 2000"),
        (b"\xff\x0a\xfa\x7f", "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"qoif\0\0\0\x01", "QOI"),
        (b"P6\n1 1\n255\n", "PNM"),
        (b"\0\0\0\x20ftypisom", "video"),
    ],
)
def test_a_readable_format_that_is_not_taken_is_named(start: bytes, name: str) -> None:
    with pytest.raises(UnsupportedMediaType) as caught:
        sniff(start + bytes(50))
    assert name in caught.value.detail
    for accepted in ("JPEG", "PNG", "WebP", "BMP", "GIF", "TIFF"):
        assert accepted in caught.value.detail


@pytest.mark.parametrize(
    "content",
    [
        b"\0",
        b"hello, world",
        b"BM, a text that starts like a bitmap",
        b"<html><body>no picture</body></html>",
        b"RIFF\x20\0\0\0WAVEfmt ",
        b"GIF90a" + bytes(20),
        b"\xff\xd8",
    ],
)
def test_other_bytes_are_a_bad_request(content: bytes) -> None:
    with pytest.raises(BadRequest, match="not a picture that is known here; send JPEG, PNG"):
        sniff(content)


def test_no_bytes() -> None:
    with pytest.raises(BadRequest, match="is empty"):
        sniff(b"")
