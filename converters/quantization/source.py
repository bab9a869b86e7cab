"""The fp32 model that a variant is made of: its file, read, checked and taken apart."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import onnx

from converters.export import ConversionError
from server.contract import ImageContract
from server.session import Session


@dataclass(frozen=True)
class Source:
    """An fp32 image model: its `graph` has no metadata, `session` runs the file."""

    path: Path
    sha256: str
    contract: ImageContract
    graph: onnx.ModelProto
    session: Session


def read(path: Path) -> Source:
    """The image model in `path`, a file that rtscore-convert wrote.

    Raises StartupError for any other file, and ConversionError for a FAQ model and for one that is
    not fp32.
    """
    session = Session(path, threads=0)
    contract = session.contract
    if not isinstance(contract, ImageContract):
        raise ConversionError(
            f"{path} is a FAQ model; its encoder is made int8 as it is converted: "
            "rtscore-convert faq --encoder ... --precision int8"
        )
    if contract.precision != "fp32":
        raise ConversionError(
            f"{path} is {contract.precision} already; give the fp32 file that it was made of"
        )
    content = path.read_bytes()
    graph = onnx.load_model_from_string(content)
    del graph.metadata_props[:]
    return Source(path, hashlib.sha256(content).hexdigest(), contract, graph, session)
