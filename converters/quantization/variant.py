"""A variant on its way to its file: graph, contract, and the pictures that it is compared on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import onnx

from converters.export import Parity, export, provenance
from converters.quantization.pictures import Pixels
from converters.quantization.runner import Runner
from converters.quantization.source import Source
from server.contract import ImageContract
from server.session import Feeds, Probabilities

Precision = Literal["int8", "fp16"]

PACKAGES = ("numpy", "onnx", "onnxruntime")
# Kernels for int8 round other than float does, layer after layer, and other pictures than photos,
# like noise, leave the ranges.
TOLERANCE = {"int8": 0.1, "fp16": 0.01}


@dataclass(frozen=True)
class Variant:
    """A graph in fewer bits with its contract; `samples` are pictures, uint8 [N, H, W, 3] each."""

    graph: onnx.ModelProto
    contract: ImageContract
    samples: Sequence[Pixels]

    def write(self, destination: Path) -> Parity:
        """Write it, if the file, served, gives what the graph says by definition.

        Raises ConversionError where it does not.
        """
        plain = Runner(self.graph, optimised=False)
        tolerance = TOLERANCE[self.contract.precision]
        return export(
            self.graph, self.contract, destination, self._compared(plain), tolerance=tolerance
        )

    def _compared(self, plain: Runner) -> Iterator[tuple[Feeds, Probabilities]]:
        for batch in self.samples:
            yield {"image": batch}, plain.run(batch)


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
