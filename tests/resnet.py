"""ResNet-152 in PyTorch, as published (stride in the 3 x 3 convolution), with random weights."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from converters.image.preprocessing import PRESETS
from converters.sample_pictures import sample_pictures

BLOCKS_152 = (3, 8, 36, 3)
EXPANSION = 4


class Bottleneck(nn.Module):  # type: ignore[misc]
    """1 x 1, 3 x 3 and 1 x 1 convolutions, beside the input itself or a projection of it."""

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = width * EXPANSION
        self.conv1, self.bn1 = nn.Conv2d(inputs, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, outputs, 1, bias=False), nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Features [N, inputs, H, W] to [N, 4 width, H / stride, W / stride]."""
        entry = x if self.downsample is None else self.downsample(x)
        x = functional.relu(self.bn1(self.conv1(x)))
        x = functional.relu(self.bn2(self.conv2(x)))
        return functional.relu(self.bn3(self.conv3(x)) + entry)


class ResNet(nn.Module):  # type: ignore[misc]
    """`blocks` bottlenecks in each of four stages, from [N, 3, H, W] to scores [N, classes]."""

    def __init__(
        self, blocks: tuple[int, ...] = BLOCKS_152, classes: int = 1000, width: int = 64
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, 2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        inputs = width
        for stage, count in enumerate(blocks):
            wide, parts = width * 2**stage, []
            for number in range(count):
                stride = 2 if stage and not number else 1
                parts.append(Bottleneck(inputs, wide, stride))
                inputs = wide * EXPANSION
            self.add_module(f"layer{stage + 1}", nn.Sequential(*parts))
        self.stages = len(blocks)
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores [N, classes] of normalised pictures."""
        x = functional.relu(self.bn1(self.conv1(x)))
        x = functional.max_pool2d(x, 3, 2, 1)
        for stage in range(self.stages):
            x = self.get_submodule(f"layer{stage + 1}")(x)
        return self.fc(x.mean(dim=(2, 3)))


def resnet(
    blocks: tuple[int, ...] = BLOCKS_152, classes: int = 1000, width: int = 64, side: int = 96
) -> ResNet:
    """A network whose random weights tell pictures apart and are sure of what they see.

    Its batch norms have the statistics of pictures of `side` pixels, as after training.
    """
    torch.manual_seed(0)
    network = ResNet(blocks, classes, width)
    rows = torch.from_numpy(np.ascontiguousarray(_rows(side)))
    for norm in _norms(network):
        norm.momentum = None  # the mean of all that is seen, which is once
    with torch.no_grad():
        for name, norm in network.named_modules():
            if name.endswith("bn3"):
                norm.weight.fill_(0.2)  # small steps from block to block, as in trained ones
        network.train()(rows)
        network.eval()
        scores = network(rows)
        factor = 5 / (scores - scores.mean(dim=0)).std()
        network.fc.weight.mul_(factor)
        network.fc.bias.copy_(-factor * (scores - network.fc.bias).mean(dim=0))
    return network


def _rows(side: int) -> np.ndarray:
    return PRESETS["torch"].apply(sample_pictures(side)).transpose(0, 3, 1, 2)


def _norms(network: nn.Module) -> Iterator[nn.BatchNorm2d]:
    return (part for part in network.modules() if isinstance(part, nn.BatchNorm2d))
