"""Shows pictures to an image model's file, decoded and run as the server does it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from converters.classify.labelled import Picture
from converters.export import ConversionError
from converters.progress import progress
from server.codec.picture import decode
from server.contract import ImageContract
from server.errors import ApiError
from server.session import Session

TOP = 5
MEGAPIXELS = 50.0  # the server's default limit
_log = logging.getLogger("rtscore.convert")

Indices = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]


class Unreadable(NamedTuple):
    """A picture that the server would refuse, and what it would say."""

    file: str
    reason: str


@dataclass(frozen=True)
class Seen:
    """What a model says to N pictures, of which at least one could be decoded.

    `ranks` [N] are those of the right class, from 1, and `own` [N] its probabilities. `top`
    [N, TOP] are the first classes, best first, and `chances` [N, TOP] their probabilities; where
    there are fewer classes, these are all. `decode_ms` and `run_ms` [N] are the times taken.
    """

    pictures: Sequence[Picture]
    ranks: Indices
    own: Numbers
    top: Indices
    chances: Numbers
    decode_ms: Numbers
    run_ms: Numbers
    unreadable: Sequence[Unreadable] = ()

    @property
    def labels(self) -> Indices:
        """The index of the right class of each, [N]."""
        return np.array([picture.label for picture in self.pictures], np.int64)

    @property
    def right(self) -> npt.NDArray[np.bool_]:
        """Whether the right class came first, [N]."""
        return np.asarray(self.ranks == 1)


class _Answer(NamedTuple):
    rank: int
    own: float
    top: list[int]
    chances: list[float]
    decode_ms: float
    run_ms: float


def look(session: Session, contract: ImageContract, pictures: Sequence[Picture]) -> Seen:
    """What `session` says to `pictures`; those that can't be decoded are counted, and logged.

    Raises ConversionError where none can be, or where the model does not give numbers.
    """
    # The first run takes longer, for what every session does once.
    session.run({"image": np.zeros((1, contract.height, contract.width, 3), np.uint8)})
    answers: list[_Answer] = []
    seen: list[Picture] = []
    unreadable: list[Unreadable] = []
    for picture in progress(pictures, "looking", len(pictures)):
        try:
            answers.append(_answer(session, contract, picture))
        except ApiError as error:
            unreadable.append(Unreadable(picture.file, error.detail))
        else:
            seen.append(picture)
    for file, reason in unreadable:
        _log.warning("%r is left out: %s", file, reason)
    if not seen:
        raise ConversionError(
            f"none of the {len(pictures)} pictures can be decoded; the first one: "
            f"{unreadable[0].file}: {unreadable[0].reason}"
        )
    ranks, own, top, chances, decode_ms, run_ms = map(np.array, zip(*answers, strict=True))
    return Seen(seen, ranks, own, top, chances, decode_ms, run_ms, unreadable)


def _answer(session: Session, contract: ImageContract, picture: Picture) -> _Answer:
    content = picture.path.read_bytes()
    started = perf_counter()
    pixels = decode(content, contract, MEGAPIXELS)
    decoded = perf_counter()
    row = session.run({"image": pixels[np.newaxis]})[0]
    ran = perf_counter()
    if not np.isfinite(row).all():
        raise ConversionError(f"{picture.file}: the model gives something else than numbers (NaN)")
    order = np.argsort(-row, kind="stable")  # as the server does
    top = order[:TOP]
    return _Answer(
        rank=1 + int(np.flatnonzero(order == picture.label)[0]),
        own=float(row[picture.label]),
        top=top.tolist(),
        chances=row[top].tolist(),
        decode_ms=1000 * (decoded - started),
        run_ms=1000 * (ran - decoded),
    )
