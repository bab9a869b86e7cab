"""Where every converter ends: stamp, check, save, reopen in the server's session, compare, rename.

A model file that exists has passed: its probabilities are those of the source model.
"""

import importlib.metadata
import logging
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import onnx

from server.contract import (
    CONTRACT_KEY,
    FaqContract,
    ImageContract,
    Provenance,
)
from server.modelfile import DIGEST_KEY, NO_DIGEST, seal
from server.session import Feeds, Probabilities, Session

_log = logging.getLogger("rtscore.convert")


class ConversionError(Exception):
    """A model can't be converted; the message says what to change."""


@dataclass(frozen=True)
class Parity:
    """How closely the written file follows its source: over `rows`, the largest difference."""

    rows: int
    largest_difference: float
    bytes_written: int


def export(
    graph: onnx.ModelProto,
    contract: FaqContract | ImageContract,
    destination: Path,
    samples: Iterable[tuple[Feeds, Probabilities]],
    *,
    tolerance: float,
) -> Parity:
    """Write `graph` with its `contract` to `destination`, if it computes what its source does.

    `samples` are inputs of the graph with the source model's own probabilities for them. Raises
    ConversionError, and writes nothing, where one differs by more than `tolerance`, or where the
    graph is not valid.
    """
    _stamp(graph, contract)
    unsealed = graph.SerializeToString()
    try:
        onnx.checker.check_model(unsealed, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ConversionError(f"the graph is not valid ONNX: {error}") from error
    content = seal(unsealed)
    size = len(content)
    destination.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=destination.parent, prefix=".export-") as folder:
        draft = Path(folder) / destination.name
        draft.write_bytes(content)
        del content, unsealed  # a large model's size each
        rows, largest = _compare(Session(draft), samples, tolerance)
        draft.replace(destination)
    return Parity(rows=rows, largest_difference=largest, bytes_written=size)


def provenance(
    source: str, packages: Sequence[str], data_sha256: dict[str, str], seed: int | None = None
) -> Provenance:
    """The provenance of a model made now from `source` with the installed `packages`."""
    return Provenance(
        source=source,
        created=datetime.now(UTC).replace(microsecond=0),
        data_sha256=data_sha256,
        packages={name: importlib.metadata.version(name) for name in packages},
        seed=seed,
    )


def _stamp(graph: onnx.ModelProto, contract: FaqContract | ImageContract) -> None:
    del graph.metadata_props[:]
    graph.metadata_props.add(key=CONTRACT_KEY, value=contract.model_dump_json())
    graph.metadata_props.add(key=DIGEST_KEY, value=NO_DIGEST)


def _compare(
    session: Session, samples: Iterable[tuple[Feeds, Probabilities]], tolerance: float
) -> tuple[int, float]:
    rows, largest = 0, 0.0
    for feeds, expected in samples:
        actual = _run(session, feeds, len(expected))
        if actual.shape != expected.shape:
            raise ConversionError(f"the graph gives {actual.shape}, its source {expected.shape}")
        difference = np.abs(actual - expected).max(axis=1, initial=0.0)
        if not np.all(difference <= tolerance):  # also catches NaN
            raise ConversionError(
                f"row {rows + int(np.argmax(~(difference <= tolerance)))} of the parity sample "
                f"differs from the source model by {difference.max():.2e}, allowed is "
                f"{tolerance:.0e}; nothing was written"
            )
        _refuse_other_best(actual, expected, tolerance)
        rows += len(expected)
        largest = max(largest, float(difference.max(initial=0.0)))
    if rows == 0:
        raise ConversionError("there is nothing to compare the graph with its source on")
    _log.debug("parity: %d rows, largest difference %.2e", rows, largest)
    return rows, largest


def _run(session: Session, feeds: Feeds, rows: int) -> Probabilities:
    try:
        return session.run(feeds)
    except Exception as error:  # ONNX Runtime's own exceptions have no common base
        reason = " ".join(str(error).split())[:300]
        raise ConversionError(f"the graph fails on {rows} rows: {reason}") from error


def _refuse_other_best(actual: Probabilities, expected: Probabilities, tolerance: float) -> None:
    """Raise ConversionError where another one is the best, and the source's best is no tie."""
    if not expected.size or expected.shape[1] < 2:
        return
    second, first = np.partition(expected, -2, axis=1)[:, -2:].T
    clear = first - second > tolerance
    if np.any(clear & (actual.argmax(axis=1) != expected.argmax(axis=1))):
        raise ConversionError(
            "the graph ranks another one first than its source; nothing was written"
        )
