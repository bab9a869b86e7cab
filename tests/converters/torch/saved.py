"""Networks in files, as PyTorch saves them."""

import warnings
from pathlib import Path

import torch

from tests.converters.torch.networks import Small

SIDE = 32
EXAMPLE = torch.zeros(2, 3, SIDE, SIDE)


def script(folder: Path) -> Path:
    """A TorchScript file."""
    path = folder / "script.pt"
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        torch.jit.script(Small().eval()).save(path)
    return path


def program(folder: Path, batch: int | None = None) -> Path:
    """A file of torch.export for a batch of so many pictures, None for any."""
    path = folder / "network.pt2"
    free = {"x": {0: torch.export.Dim("N")}} if batch is None else None
    example = EXAMPLE if batch is None else torch.zeros(batch, 3, SIDE, SIDE)
    torch.export.save(torch.export.export(Small().eval(), (example,), dynamic_shapes=free), path)
    return path
