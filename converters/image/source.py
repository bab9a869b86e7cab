"""What a source's module hands over: the network as ONNX, and the network itself to ask."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx

from converters.image.preprocessing import Preprocessing

Floats = npt.NDArray[np.float32]
Pictures = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Source:
    """A classifier of pictures in its own framework.

    `graph` has one 4-D input, float32, float16 or uint8, [N, 3, H, W] or [N, H, W, 3], and one
    output [N, classes]; it is used up by the conversion. `predict` asks the source itself: any
    number of rows, float32 in the graph's layout, to float32 [N, classes]. `description` and
    `packages` (installed, by their PyPI names) go into the provenance, and so does `data_sha256`
    of the files read. `preprocessing` is what the source says of itself, None where it does not.
    `preprocess` is its framework's own, from RGB pictures uint8 [N, H, W, 3] to what `predict`
    takes: ours is held to it.
    """

    graph: onnx.ModelProto
    predict: Callable[[Floats], Floats]
    description: str
    packages: tuple[str, ...]
    data_sha256: dict[str, str] = field(default_factory=dict)
    preprocessing: Preprocessing | None = None
    preprocess: Callable[[Pictures], Floats] | None = None


def by_batch(predict: Callable[[Floats], Floats], batch: int) -> Callable[[Floats], Floats]:
    """`predict`, which takes exactly `batch` rows, for any number of rows."""

    def any_number(rows: Floats) -> Floats:
        answers = []
        for start in range(0, len(rows), batch):
            part = rows[start : start + batch]
            answers.append(predict(np.resize(part, (batch, *part.shape[1:])))[: len(part)])
        return np.concatenate(answers)

    return any_number


def sha256(path: Path) -> str:
    """The digest of a file, for `data_sha256`, however large it is."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
