"""Whether a graph has the inputs and the output that its contract promises."""

from collections.abc import Iterable
from typing import Any

from server.contract import FaqContract, ImageContract

Signature = dict[str, tuple[str, tuple[int, ...]]]


def fits(contract: FaqContract | ImageContract, inputs: Iterable[Any], output: list[Any]) -> bool:
    """Whether the graph's `inputs` and `output`, as ONNX Runtime lists them, are as promised."""
    return _signature(inputs) == _expected_inputs(contract) and list(
        _signature(output).values()
    ) == [("tensor(float)", (contract.outputs,))]


def _expected_inputs(contract: FaqContract | ImageContract) -> Signature:
    if isinstance(contract, ImageContract):
        return {"image": ("tensor(uint8)", (contract.height, contract.width, 3))}
    inputs: Signature = {"indices": ("tensor(int64)", ()), "counts": ("tensor(float)", ())}
    return inputs if contract.subwords is None else inputs | {"tokens": ("tensor(int64)", ())}


def _signature(values: Iterable[Any]) -> Signature:
    """Type and fixed sizes by name; the number of rows must not be fixed."""
    return {
        value.name: (value.type, tuple(size for size in value.shape if isinstance(size, int)))
        for value in values
    }
