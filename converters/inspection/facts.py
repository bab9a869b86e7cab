"""What a model file is: its graph, its contract, and whether the server takes it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from converters.export import ConversionError
from converters.inspection import advice, graph
from server import contract, modelfile
from server.contract import CONTRACT_KEY, FaqContract, ImageContract
from server.errors import StartupError
from server.modelfile import DIGEST_KEY
from server.session import Session

FEW = 5  # items of a long list that are shown
_LONGEST = 200  # characters of a text


@dataclass(frozen=True)
class Facts:
    """A model file; `contract` is None where it is not rtscore's, `problem` what the server says.

    `version` is the first 12 hex digits of the file's SHA-256, as the server has it.
    """

    file: str
    bytes: int
    version: str
    graph: graph.Graph
    contract: FaqContract | ImageContract | None
    problem: str | None
    metadata: Mapping[str, str]


def read(path: Path) -> Facts:
    """What is in the file at `path`.

    Raises ConversionError for what is no ONNX file, and StartupError for a file of rtscore that was
    cut or changed, or whose contract this version can't read.
    """
    content = path.read_bytes()
    model = _parse(path, content)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    ours = bool({CONTRACT_KEY, DIGEST_KEY} & metadata.keys())
    if ours:
        modelfile.check_seal(content, str(path))
    own = contract.parse(metadata, str(path)) if ours else None
    found = graph.describe(model)
    del model  # a session is as large
    return Facts(
        file=path.name,
        bytes=len(content),
        version=hashlib.sha256(content).hexdigest()[:12],
        graph=found,
        contract=own,
        problem=_problem(path) if ours else advice.for_graph(found),
        metadata={} if ours else metadata,
    )


def _parse(path: Path, content: bytes) -> onnx.ModelProto:
    try:
        model = onnx.load_model_from_string(content)
    except DecodeError as error:
        raise ConversionError(f"{path}: {advice.for_bytes(content)}") from error
    # To protobuf, a few bytes of anything can be a message without fields that it knows.
    if not (model.ir_version and model.graph.output):
        raise ConversionError(f"{path}: {advice.for_bytes(content)}")
    return model


def _problem(path: Path) -> str | None:
    try:
        Session(path)
    except StartupError as error:
        return str(error)
    return None


def summary(value: Any) -> Any:
    """`value`, which JSON can hold, with its lists cut to their count and their first items.

    Short lists of plain values, and none else, stay as they are.
    """
    if isinstance(value, dict):
        return {name: summary(one) for name, one in value.items()}
    if isinstance(value, list):
        first = [summary(one) for one in value[:FEW]]
        short = len(value) <= FEW and not any(isinstance(one, dict) for one in first)
        return first if short else {"count": len(value), "first": first}
    if isinstance(value, str) and len(value) > _LONGEST:
        return value[: _LONGEST - 1] + "…"
    return value
