"""TIFF's directory, written by hand."""

import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from server.codec.picture import decode
from server.codec.tiff import Directory, orientation
from server.contract import ImageContract
from server.errors import BadRequest

Encode = Callable[..., bytes]
Tags = dict[int, int | tuple[int, ...]]

PICTURE: Tags = {256: 8, 257: 4, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: 4, 279: 32}


def tiff_file(*directories: Tags, data: bytes = bytes(range(0, 256, 8)), order: str = "<") -> bytes:
    """A file with `data` at 8 and the directories in a row; a tuple's values lie out of line."""
    content = data + bytes(len(data) % 2)
    first = 8 + len(content)
    for tags in directories:
        place = 8 + len(content) + 2 + 12 * len(tags) + 4
        entries, beyond = b"", b""
        for tag, value in tags.items():
            values = value if isinstance(value, tuple) else (value,)
            inline = struct.pack(order + "I", values[0])
            if len(values) > 1:
                inline = struct.pack(order + "I", place + len(beyond))
                beyond += struct.pack(f"{order}{len(values)}I", *values)
            entries += struct.pack(order + "HHI", tag, 4, len(values)) + inline
        after = place + len(beyond) if tags is not directories[-1] else 0
        content += struct.pack(order + "H", len(tags)) + entries
        content += struct.pack(order + "I", after) + beyond
    mark = b"II" if order == "<" else b"MM"
    return mark + struct.pack(order + "HI", 42, first) + content


@pytest.mark.parametrize("order", ["<", ">"])
def test_values_inside_and_outside_of_their_entry(order: str) -> None:
    directory = Directory(tiff_file({256: 8, 273: (10, 20, 30)}, order=order))
    assert directory.values(256) == (8,)
    assert directory.values(273) == (10, 20, 30)
    assert directory.values(257) == ()


def test_the_first_of_a_repeated_tag_counts(contract: ImageContract) -> None:
    whole = tiff_file(PICTURE)
    entry = struct.pack("<HHII", 256, 4, 1, 8)
    hostile = struct.pack("<HHII", 256, 4, 1, 60000)
    place = whole.index(entry)
    repeated = whole[:40] + struct.pack("<H", len(PICTURE) + 1) + entry + hostile
    repeated += whole[place + 12 :]
    assert np.array_equal(decode(repeated, contract, 1), decode(whole, contract, 1))


@pytest.mark.parametrize("value", range(10))
@pytest.mark.parametrize("order", ["<", ">"])
def test_orientation(order: str, value: int) -> None:
    exif = tiff_file({274: value}, data=b"", order=order)
    assert orientation(exif) == orientation(b"Exif\0\0" + exif) == (value if 1 <= value <= 8 else 1)
    short = exif.replace(
        struct.pack(order + "HHII", 274, 4, 1, value),
        struct.pack(order + "HHIHH", 274, 3, 1, value, 0),
    )
    assert orientation(short) == orientation(exif)


@pytest.mark.parametrize(
    "exif",
    [
        b"",
        b"Exif\0\0",
        b"II*\0",
        b"XX*\0\x08\0\0\0",
        b"II*\0\xff\xff\xff\xff",
        b"II+\0\x08\0\0\0" + b"\xff" * 8,
        b"II*\0\x08\0\0\0\xff\xff" + bytes(100),
        tiff_file({274: (6, 6)}),
        tiff_file({274: 6}).replace(struct.pack("<HH", 274, 4), struct.pack("<HH", 274, 5)),
        tiff_file({274: 6}).replace(struct.pack("<HH", 274, 4), struct.pack("<HH", 274, 99)),
    ],
)
def test_exif_that_can_not_be_read_turns_nothing(exif: bytes) -> None:
    assert orientation(exif) == 1


def test_only_the_first_of_thousands_of_directories_is_read(contract: ImageContract) -> None:
    other: Tags = PICTURE | {256: 1, 257: 1}
    many = tiff_file(PICTURE, *[other] * 5000)
    assert np.array_equal(decode(many, contract, 1), decode(tiff_file(PICTURE), contract, 1))
    assert len(Directory(many).pixels_only()) < len(many) + 200


@pytest.mark.parametrize(
    "changed",
    [
        {273: (8,) * 70_000, 278: 1},  # more strips than anyone writes
        {273: (8,) * 5000, 278: 3},  # the same rows again and again
        {273: (8,) * 200, 279: (32,) * 200, 278: 1},  # longer than the file
        {279: 100_000},
        {273: 100_000},
        {278: 0},
        {278: 3},  # the last row is missing
        {277: 7},
        {256: 0},
        {257: (4, 4)},
        {259: 99},  # an unknown compression
        {259: (1, 1)},
        {258: 7},
        {322: 0, 323: 16},
        {256: 900},  # fewer bytes than pixels
    ],
    ids=str,
)
def test_directories_that_are_refused(changed: Tags, contract: ImageContract) -> None:
    with pytest.raises(BadRequest, match="TIFF picture"):
        decode(tiff_file(PICTURE | changed), contract, 1)


def test_12_bit_samples_are_scaled(contract: ImageContract) -> None:
    levels = np.arange(32).reshape(4, 8) * 132  # up to 4092 of 4095
    bits = np.unpackbits(levels.astype(">u2").view(np.uint8).reshape(32, 2), axis=1)[:, 4:]
    deep = tiff_file(PICTURE | {258: 12, 279: 48}, data=np.packbits(bits).tobytes())
    plain = tiff_file(PICTURE, data=(levels / 4095 * 255).round().astype(np.uint8).tobytes())
    assert np.array_equal(decode(deep, contract, 1), decode(plain, contract, 1))


def test_tiles(contract: ImageContract) -> None:
    levels = np.arange(32, dtype=np.uint8).reshape(4, 8) * 8
    tiles = np.zeros((16, 16), np.uint8)
    tiles[:4, :8] = levels
    tags: Tags = {256: 8, 257: 4, 258: 8, 259: 1, 262: 1, 277: 1}
    tags |= {322: 16, 323: 16, 324: 8, 325: 256}
    tiled = tiff_file(tags, data=tiles.tobytes())
    striped = tiff_file(PICTURE, data=levels.tobytes())
    assert np.array_equal(decode(tiled, contract, 1), decode(striped, contract, 1))


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "zstd", "lzma"])
def test_pillow_reads_what_is_left_of_a_file(
    big: bool, compression: str, encode: Encode, contract: ImageContract
) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    options: dict[str, Any] = {"compression": compression, "big_tiff": big}
    content = encode(rgb, "TIFF", tiffinfo={270: "text" * 1000, 274: 3}, **options)
    left = Directory(content).pixels_only()
    assert Directory(left).values(270) == ()
    assert Directory(left).orientation() == 1
    plain = decode(encode(Image.fromarray(rgb), "PNG"), contract, 1)
    turned = decode(content, contract, 1)
    assert np.abs(turned[::-1, ::-1].astype(int) - plain).max() <= 1
