"""Networks in PyTorch of every kind that a user may name, for `--module`."""

from types import SimpleNamespace
from typing import Any

import torch
from torch import nn

CLASSES = 5


class Small(nn.Module):  # type: ignore[misc]
    """A network of one convolution, from [N, 3, H, W] to scores [N, classes]."""

    def __init__(self, width: int = 8, classes: int = CLASSES, softmax: bool = False) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(3, width, 3, 2)
        self.norm = nn.BatchNorm2d(width)
        self.drop = nn.Dropout(0.5)
        self.fc = nn.Linear(width, classes)
        self.softmax = softmax
        with torch.no_grad():
            self.fc.weight.mul_(20)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores, or probabilities where asked for."""
        x = torch.relu(self.norm(self.conv(x))).mean(dim=(2, 3))
        x = self.fc(self.drop(x))
        return torch.softmax(x, dim=1) if self.softmax else x


class Noted(Small):
    """One that timm made."""

    pretrained_cfg = {  # noqa: RUF012
        "mean": (0.5, 0.5, 0.5),
        "std": (0.25, 0.5, 0.5),
        "input_size": (3, 32, 32),
        "crop_pct": 0.95,
        "interpolation": "bilinear",
    }


class Spoken(Small):
    """One whose answer is an object with `logits`."""

    def forward(self, x: torch.Tensor) -> SimpleNamespace:
        """Scores and something else."""
        return SimpleNamespace(logits=super().forward(x), hidden=x)


class Two(Small):
    """One with two answers."""

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Scores and features."""
        return super().forward(x), x


class ChannelsLast(Small):
    """One that takes [N, H, W, 3]."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores."""
        return super().forward(x.permute(0, 3, 1, 2))


class Branching(Small):
    """One that torch.export can't follow."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores, by what the picture holds."""
        return super().forward(x) if float(x.sum()) > 0 else self.fc(x[:, :, :8, 0].mean(dim=1))


def small(**options: Any) -> nn.Module:
    """A function that makes a network."""
    return Small(**options)


def number() -> int:
    """A function that makes something else."""
    return 3


def failing(depth: int) -> nn.Module:
    """A function that fails."""
    raise ValueError(f"no depth {depth}")


INSTANCE = Small()
CONSTANT = 3
