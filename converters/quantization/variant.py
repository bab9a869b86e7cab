"""A variant on its way to its file: graph, contract, and pictures with what it says of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import onnx

from converters.export import Parity, export, provenance
from converters.quantization.pictures import Pixels
from converters.quantization.source import Source
from server.contract import ImageContract
from server.session import Probabilities

Precision = Literal["int8", "fp16"]

PACKAGES = ("numpy", "onnx", "onnxruntime")


@dataclass(frozen=True)
class Variant:
    """A graph in fewer bits with its contract.

    `samples` are pictures, uint8 [N, height, width, 3], with what the graph gives for them, float32
    [N, classes]; the file may differ by `tolerance`.
    """

    graph: onnx.ModelProto
    contract: ImageContract
    samples: Sequence[tuple[Pixels, Probabilities]]
    tolerance: float

    def write(self, destination: Path) -> Parity:
        """Write it, if the file, served, gives what the graph gave; else ConversionError."""
        compared = (({"image": batch}, expected) for batch, expected in self.samples)
        return export(self.graph, self.contract, destination, compared, tolerance=self.tolerance)


def contract_of(
    source: Source,
    precision: Precision,
    accuracy: Mapping[str, float],
    data_sha256: Mapping[str, str],
    seed: int | None,
) -> ImageContract:
    """The source's contract, as that of its variant.

    Accuracy that was measured on the source is left out: it does not hold for the variant.
    """
    before = source.contract.provenance
    now = provenance(
        f"{before.source}; {precision} of {source.path.name}",
        PACKAGES,
        {**before.data_sha256, "source_model": source.sha256, **data_sha256},
        seed,
    )
    made_with = {"packages": {**before.packages, **now.packages}}
    changes = {
        "precision": precision,
        "accuracy": dict(accuracy),
        "provenance": now.model_copy(update=made_with),
    }
    return source.contract.model_copy(update=changes)
