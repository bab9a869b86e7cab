"""What a picture's bytes say before any pixel is decoded, and a file of nothing but its pixels.

Pillow's plugins allocate by sizes that nobody has checked yet, unpack metadata that nobody asked
for, and warn. So the headers are read here, and Pillow gets a file without metadata.
"""

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from struct import unpack_from

from server.codec import tiff
from server.codec.formats import sniff
from server.errors import BadRequest

_MAX_PARTS = 65_536  # segments or chunks of a file
_MAX_SCANS = 100  # of a JPEG: usual are 1 to 12, and each costs the time of a whole picture
_MAX_RUN_LENGTH = 4_000_000  # pixels and bytes of a run-length encoded BMP


@dataclass(frozen=True)
class Header:
    """A picture of `width` x `height` as stored; EXIF's `orientation`, 1 to 8, turns it.

    `content` is the file without metadata, `bits` are those of a sample, and `tile` is the size
    of the largest piece that decoding allocates for, where that is not the picture.
    """

    width: int
    height: int
    content: bytes
    orientation: int = 1
    bits: int = 8
    tile: tuple[int, int] = (0, 0)


def read(content: bytes) -> tuple[str, Header]:
    """Pillow's name of the format and the header of an encoded picture.

    Raises UnsupportedMediaType for a known format that is not taken, BadRequest for what can't be
    read.
    """
    name = sniff(content)
    try:
        header = _READERS[name](content)
    except (KeyError, IndexError, ValueError, OverflowError, struct.error) as error:
        raise damaged(name) from error
    if header.width < 1 or header.height < 1:
        raise BadRequest(f"The {name} picture has no pixels; send one of at least 1 x 1.")
    return name, header


def damaged(name: str) -> BadRequest:
    """The error for a picture that can't be decoded."""
    return BadRequest(
        f"The {name} picture is cut short, damaged or of a rare kind; send the whole file, or save "
        "it anew as JPEG or PNG."
    )


_MARKER = re.compile(rb"\xff[\x02-\xcf\xd8-\xfe]")  # no stuffed zero, padding or restart
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PIXELS = _FRAMES | {0xC4, 0xCC, 0xDB, 0xDD, 0xE0, 0xEE}  # tables, JFIF, Adobe


def _jpeg(content: bytes) -> Header:
    kept, exif, place, scans, size = [content[:2]], b"", 2, 0, (0, 0)
    start = None  # of the first scan, from where on all is kept
    for _ in range(_MAX_PARTS):
        found = _MARKER.search(content, place)
        if found is None:
            raise ValueError("no end of the picture")
        marker, begin = content[found.end() - 1], found.end()
        if marker == 0xD9 and start is not None:
            kept.append(content[start : found.end()])
            return Header(*size, b"".join(kept), tiff.orientation(exif))
        (length,) = unpack_from(">H", content, begin)
        if length < 2:  # it counts itself
            raise ValueError("a segment without a length")
        place = begin + length
        if marker == 0xDA:
            start = found.start() if start is None else start
            scans += 1
            if scans > _MAX_SCANS:
                raise BadRequest(f"The JPEG picture has over {_MAX_SCANS} scans; save it anew.")
        elif start is None and marker in _PIXELS:
            kept.append(content[found.start() : place])
            if marker in _FRAMES:
                size = unpack_from(">HH", content, begin + 3)[::-1]
        elif marker == 0xE1 and content.startswith(b"Exif\0\0", begin + 2):
            exif = exif or content[begin + 2 : place]
    raise ValueError("too many segments")


def _png(content: bytes) -> Header:
    kept, exif, place = [content[:8]], b"", 8
    for _ in range(_MAX_PARTS):
        length, name = unpack_from(">I4s", content, place)
        end = place + 12 + length
        if name in (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"):
            kept.append(content[place:end])
        elif name == b"eXIf":
            exif = content[place + 8 : end - 4]
        place = end
        if name == b"IEND" and place <= len(content):
            width, height, bits = unpack_from(">IIB", kept[1], 8)
            return Header(width, height, b"".join(kept), tiff.orientation(exif), bits)
    raise ValueError("too many chunks")


def _gif(content: bytes) -> Header:
    width, height, flags = unpack_from("<HHB", content, 6)
    start = place = 13 + (6 << (flags & 7) if flags & 0x80 else 0)
    control = b""
    while content[place] == ord("!"):
        begin, place = place, place + 2
        while content[place]:
            place += content[place] + 1
        place += 1
        if content[begin + 1] == 0xF9:
            control = content[begin:place]
    if content[place] != ord(","):
        raise ValueError("no picture")
    left, top, columns, rows = unpack_from("<HHHH", content, place + 1)
    pixels = content[:start] + control + content[place:]
    return Header(max(width, left + columns), max(height, top + rows), pixels)


def _webp(content: bytes) -> Header:
    kind, exif, place = content[12:16], b"", 12
    if kind == b"VP8 ":
        width, height = (side & 0x3FFF for side in unpack_from("<HH", content, 26))
    elif kind == b"VP8L":
        (sides,) = unpack_from("<I", content, 21)
        width, height = (sides & 0x3FFF) + 1, (sides >> 14 & 0x3FFF) + 1
    else:
        width, height = (int.from_bytes(content[at : at + 3], "little") + 1 for at in (24, 27))
    for _ in range(_MAX_PARTS):
        if place + 8 > len(content):
            return Header(width, height, content, tiff.orientation(exif))
        name, length = unpack_from("<4sI", content, place)
        if name == b"EXIF":
            exif = content[place + 8 : place + 8 + length]
        place += 8 + length + length % 2
    raise ValueError("too many chunks")


def _bmp(content: bytes) -> Header:
    (length,) = unpack_from("<I", content, 14)
    width, height = unpack_from("<HH" if length == 12 else "<ii", content, 18)
    run_length = length > 12 and content[30] in (1, 2)  # which Pillow decodes in Python
    if run_length and max(width * abs(height), len(content)) > _MAX_RUN_LENGTH:
        raise BadRequest("The BMP picture is large and run-length encoded; save it as PNG.")
    return Header(width, abs(height), content)


def _tiff(content: bytes) -> Header:
    directory = tiff.Directory(content)
    (width,), (height,) = directory.values(tiff.WIDTH), directory.values(tiff.HEIGHT)
    return Header(
        width,
        height,
        directory.pixels_only(),
        directory.orientation(),
        max(directory.values(tiff.BITS), default=1),
        directory.checked_tile(),
    )


_READERS: dict[str, Callable[[bytes], Header]] = {
    "JPEG": _jpeg,
    "PNG": _png,
    "GIF": _gif,
    "WEBP": _webp,
    "TIFF": _tiff,
    "BMP": _bmp,
}
