"""Read the weights in a torch file of the old format (before 1.6) without torch, and nothing else.

Such a file is five pickles (magic number, protocol, system, tensors by name, storage keys) and then
each storage, as its count and its raw values. A pickle can call anything, so only the four names
that a state dict needs are let through, and every size is checked against the file's own.
"""

import math
import pickle
import pickletools
from collections import OrderedDict
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from converters.export import ConversionError

Array = npt.NDArray[Any]

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_PICKLE_PROTOCOL = 2
_ZIP = b"PK\x03\x04"


def load(path: Path) -> dict[str, Array]:
    """The tensors of a state dict by name: float32 or int64, C order, in their own shapes.

    Raises ConversionError where the file is of another format, holds anything but a state dict of
    such tensors, is cut, or states sizes that it does not have; OSError where it can't be read.
    """
    content = path.read_bytes()
    if content.startswith(_ZIP):
        raise ConversionError(
            f"{path} is a torch file of the zip format; save the weights with "
            "torch.save(..., _use_new_zipfile_serialization=False)"
        )
    try:
        return _parse(BytesIO(content))
    except Exception as error:  # a damaged pickle raises nearly anything
        raise ConversionError(
            f"{path} is not a whole state dict in torch's old format ({error}); "
            "install or copy it again"
        ) from error


@dataclass(frozen=True)
class _Storage:
    key: str
    dtype: str
    count: int


@dataclass(frozen=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def nbytes(self) -> int:
        return math.prod(map(abs, self.shape)) * np.dtype(self.storage.dtype).itemsize

    def array(self, values: bytes) -> Array:
        width = np.dtype(self.storage.dtype).itemsize
        view: Array = np.ndarray(  # refuses to leave the buffer
            self.shape,
            self.storage.dtype,
            buffer=values,
            offset=self.offset * width,
            strides=[stride * width for stride in self.strides],
        )
        return view.copy(order="C")


def _rebuild(
    storage: _Storage, offset: int, shape: Any, strides: Any, _grad: bool, _hooks: Any
) -> _Tensor:
    return _Tensor(storage, offset, tuple(shape), tuple(strides))


_DTYPES = {"torch.FloatStorage": "<f4", "torch.LongStorage": "<i8"}
_NAMES: dict[str, Any] = {
    **_DTYPES,
    "collections.OrderedDict": OrderedDict,
    "torch._utils._rebuild_tensor_v2": _rebuild,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _NAMES[f"{module}.{name}"]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}") from None

    def persistent_load(self, pid: Any) -> _Storage:
        match pid:
            case ("storage", str(dtype), str(key), str(), int(count), None):
                if dtype in _DTYPES.values() and count >= 0:
                    return _Storage(key, dtype, count)
        raise pickle.UnpicklingError("a storage of an unknown kind")


def _parse(stream: BytesIO) -> dict[str, Array]:
    if _unpickle(stream) != _MAGIC or _unpickle(stream) != _PROTOCOL:
        raise ValueError("its magic number or protocol is another")
    if _unpickle(stream).get("little_endian") is not True:
        raise ValueError("it was written on a big-endian machine")
    tensors = _unpickle(stream)
    if not isinstance(tensors, OrderedDict):
        raise ValueError("it holds something else")
    for name, tensor in tensors.items():
        if not (isinstance(name, str) and isinstance(tensor, _Tensor)):
            raise ValueError(f"{name!r:.80} is not a tensor")
    # Strides of 0 and shared storages could make any amount out of few bytes.
    if sum(tensor.nbytes() for tensor in tensors.values()) > stream.getbuffer().nbytes:
        raise ValueError("its tensors are larger than the file")
    values = _read_storages(stream, {tensor.storage for tensor in tensors.values()})
    return {name: tensor.array(values[tensor.storage]) for name, tensor in tensors.items()}


def _unpickle(stream: BytesIO) -> Any:
    start, size = stream.tell(), stream.getbuffer().nbytes
    for operation, argument, _ in pickletools.genops(stream):
        if operation.proto > _PICKLE_PROTOCOL:
            raise pickle.UnpicklingError(f"it has the operation {operation.name}")
        # The unpickler makes room for every place below the one that it is told to fill.
        if operation.name.endswith("PUT") and int(argument or 0) > size:
            raise pickle.UnpicklingError("its memo is larger than the file")
    stream.seek(start)
    return _Unpickler(stream).load()


def _read_storages(stream: BytesIO, declared: set[_Storage]) -> dict[_Storage, bytes]:
    by_key = {storage.key: storage for storage in declared}
    keys = _unpickle(stream)
    if len(by_key) != len(declared) or sorted(keys) != sorted(by_key):
        raise ValueError("its storages are not those of its tensors")
    values = {}
    for key in keys:
        storage = by_key[key]
        count = int.from_bytes(stream.read(8), "little", signed=True)
        length = storage.count * np.dtype(storage.dtype).itemsize
        values[storage] = stream.read(length)
        if count != storage.count or len(values[storage]) != length:
            raise ValueError(f"storage {key} has not the {storage.count} values that are stated")
    if stream.read(1):
        raise ValueError("there is more after its last storage")
    return values
