"""The bytes of a model file: its seal, and its metadata apart from the graph.

The seal is a metadata entry, `rtscore.sha256`: the digest of the file's own bytes (with the digest
itself as zeros), so that a file which was cut, edited or damaged is noticed.
ONNX Runtime keeps three copies of a file's metadata as long as a session lives, and a FAQ's texts
are in there; so it is given the graph alone.
"""

import hashlib
from collections.abc import Iterator

from server.errors import StartupError

DIGEST_KEY = "rtscore.sha256"
NO_DIGEST = "0" * 64
_METADATA_PROPS = 14  # of ModelProto; in each, 1 is the key and 2 the value


def check_seal(content: bytes, path: str) -> None:
    """Raise StartupError where a model file's bytes are not those that were exported."""
    place = _digest_place(content)
    if place is None:
        raise StartupError(
            f"{path} is no model file of rtscore-convert, or it was cut; make it with "
            "rtscore-convert, or copy it again from where it was made"
        )
    if content[place : place + 64] != _digest_without(content, place).encode():
        raise StartupError(
            f"{path} was cut or changed after it was exported (its digest does not match); "
            "make it again with rtscore-convert, or copy it again from where it was made"
        )


def seal(content: bytes) -> bytes:
    """`content`, whose digest entry holds NO_DIGEST, with its digest put in."""
    place = _digest_place(content)
    if place is None:
        raise ValueError(f"the metadata entry {DIGEST_KEY} is missing")
    whole = memoryview(content)  # a large model is copied once, not in parts before
    return b"".join([whole[:place], _digest_without(content, place).encode(), whole[place + 64 :]])


def split(content: bytes) -> tuple[bytes, dict[str, str]]:
    """The model without its metadata, and the metadata; `content` has passed `check_seal`."""
    kept, metadata, place = [], {}, 0
    for number, start, end, value in _fields(content, 0, len(content)):
        if number == _METADATA_PROPS:
            kept.append(content[place:start])
            place = end
            parts = {part: content[at:stop] for part, _, stop, at in _fields(content, value, end)}
            metadata[parts.get(1, b"").decode()] = parts.get(2, b"").decode()
    return b"".join([*kept, content[place:]]), metadata


def _fields(content: bytes, place: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Number, start, end, and start of the value of each field of a protobuf message."""
    while place < end:
        start = place
        tag, place = _varint(content, place)
        value = place
        match tag & 7:
            case 0:
                _, place = _varint(content, place)
            case 1:
                place += 8
            case 2:
                length, value = _varint(content, place)
                place = value + length
            case 5:
                place += 4
            case kind:
                raise ValueError(f"a protobuf field of the unknown kind {kind}")
        yield tag >> 3, start, place, value


def _varint(content: bytes, place: int) -> tuple[int, int]:
    """The number at `place`, seven bits a byte, the lowest first, and the place after it."""
    value = shift = 0
    while True:
        byte = content[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7


def _digest_place(content: bytes) -> int | None:
    # A protobuf map entry: the key, then field 2 (0x12) with its length (64), then the digits.
    marker = DIGEST_KEY.encode() + b"\x12\x40"
    place = content.rfind(marker)
    return None if place < 0 else place + len(marker)


def _digest_without(content: bytes, place: int) -> str:
    whole = memoryview(content)
    rest = hashlib.sha256(whole[:place])
    rest.update(NO_DIGEST.encode())
    rest.update(whole[place + 64 :])
    return rest.hexdigest()
