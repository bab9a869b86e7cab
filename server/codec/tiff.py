"""TIFF's directory of tags, which EXIF data has too: read it, and cut a file down to its pixels."""

import struct
from operator import add
from typing import Any

_INTEGERS = {1: "B", 3: "H", 4: "I", 16: "Q"}  # by the type's number in an entry
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 16: 8}

WIDTH, HEIGHT, BITS = 256, 257, 258
_ORIENTATION = 274
_SAMPLES = 277
_STRIPS, _ROWS_PER_STRIP, _STRIP_BYTES = 273, 278, 279
_TILE_WIDTH, _TILE_HEIGHT, _TILES, _TILE_BYTES = 322, 323, 324, 325

# Compression, photometric interpretation, fill order, samples, planes, CCITT options, predictor.
_SINGLE = {WIDTH, HEIGHT, 259, 262, 266, _SAMPLES, 284, 292, 293, 317}
_SINGLE |= {_ROWS_PER_STRIP, _TILE_WIDTH, _TILE_HEIGHT, _ORIENTATION}
# Palette, extra samples, sample format, JPEG tables, YCbCr; 512 to 521 are JPEG's old way.
_SEVERAL = {BITS, _STRIPS, _STRIP_BYTES, _TILES, _TILE_BYTES, 320, 338, 339, 347, 529, 530, 532}
_PIXELS = (_SINGLE | _SEVERAL | set(range(512, 522))) - {_ORIENTATION}

_MAX_PIECES = 65_536
_MAX_SAMPLES = 6  # of a pixel, the most that Pillow reads


class Directory:
    """The first directory of a TIFF or BigTIFF file or of EXIF data.

    Where a tag is there twice, the first counts. What can't be read raises KeyError, ValueError,
    OverflowError or struct.error.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._order = {b"II": "<", b"MM": ">"}[content[:2]]
        self._big = self._unpack("H", 2) == (43,)
        self._offset, self._header = ("Q", 8) if self._big else ("I", 4)
        (start,) = self._unpack(self._offset, self._header)
        (entries,) = self._unpack("Q" if self._big else "H", start)
        first, self._size = (start + 8, 20) if self._big else (start + 2, 12)
        self._places: dict[int, int] = {}
        for place in range(first, first + entries * self._size, self._size):
            (tag,) = self._unpack("H", place)
            self._places.setdefault(tag, place)

    def values(self, tag: int) -> tuple[int, ...]:
        """The integers of `tag`, none where it is missing."""
        if tag not in self._places:
            return ()
        kind, count, place = self._locate(tag)
        return self._unpack(f"{count}{_INTEGERS[kind]}", place)

    def orientation(self) -> int:
        """The orientation, 1 to 8; 1 where it is missing or none of these."""
        value = self._value(_ORIENTATION, 1)
        return value if value in range(1, 9) else 1

    def checked_tile(self) -> tuple[int, int]:
        """Width and height of the picture's tiles, those of the picture where it has strips.

        Raises ValueError where tiles or strips don't cover the picture, or are more than it takes:
        decoding runs through all that a hostile file names.
        """
        (width,), (height,) = self.values(WIDTH), self.values(HEIGHT)
        strip = width, min(self._value(_ROWS_PER_STRIP, height), height)
        tile = self._value(_TILE_WIDTH, width), self._value(_TILE_HEIGHT, height)
        pieces = self._checked(strip, _STRIPS, _STRIP_BYTES)
        pieces += self._checked(tile, _TILES, _TILE_BYTES)
        if not pieces or self._value(_SAMPLES, 1) > _MAX_SAMPLES:
            raise ValueError("no strips or tiles, or too many samples")
        return tile

    def pixels_only(self) -> bytes:
        """The file with one directory that holds nothing but what its pixels are made of."""
        tags = sorted(_PIXELS & self._places.keys())
        places = [self._places[tag] for tag in tags if self._locate(tag)]
        content = self._content + bytes(len(self._content) % 2)  # directories start at even places
        head = content[: self._header] + struct.pack(self._order + self._offset, len(content))
        count = struct.pack(self._order + ("Q" if self._big else "H"), len(places))
        entries = [content[place : place + self._size] for place in places]
        no_next = bytes(struct.calcsize("=" + self._offset))
        return b"".join((head, content[len(head) :], count, *entries, no_next))

    def _checked(self, size: tuple[int, int], places: int, lengths: int) -> int:
        """The number of strips or tiles of `size`."""
        (width,), (height,) = self.values(WIDTH), self.values(HEIGHT)
        starts, sizes = self.values(places), self.values(lengths)
        pieces, (columns, rows) = len(starts), size
        most = _MAX_SAMPLES * (width + columns) * (height + rows)
        if pieces > _MAX_PIECES or pieces * columns * rows > most or not columns * rows:
            raise ValueError(f"{pieces} pieces of {columns} x {rows}")
        if pieces and pieces * columns * rows < width * height:
            raise ValueError(f"{pieces} pieces of {columns} x {rows} don't cover the picture")
        if max(sum(sizes), *map(add, starts, sizes), 0) > len(self._content):
            raise ValueError("the pieces are longer than the file")
        return pieces

    def _value(self, tag: int, default: int) -> int:
        return next(iter(self.values(tag)), default)

    def _locate(self, tag: int) -> tuple[int, int, int]:
        """The type, the number and the place of a tag's values, all of which are in the file."""
        entry = self._places[tag]
        kind, count = self._unpack("H" + self._offset, entry + 2)
        room = struct.calcsize("=" + self._offset)
        place = entry + self._size - room
        if count * _SIZES[kind] > room:
            (place,) = self._unpack(self._offset, place)
        if place + count * _SIZES[kind] > len(self._content) or (tag in _SINGLE and count != 1):
            raise ValueError(f"tag {tag} has {count} values at {place}")
        return kind, count, place

    def _unpack(self, layout: str, place: int) -> tuple[Any, ...]:
        return struct.unpack_from(self._order + layout, self._content, place)


def orientation(exif: bytes) -> int:
    """The orientation, 1 to 8, that EXIF data states; 1 where it is missing or can't be read."""
    try:
        return Directory(exif.removeprefix(b"Exif\0\0")).orientation()
    except (KeyError, ValueError, OverflowError, struct.error):
        return 1
