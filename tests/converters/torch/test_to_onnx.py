"""PyTorch to ONNX: the batch axis stays free, and what can't be exported is said."""

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from converters.export import ConversionError
from converters.image.source import Floats
from converters.torch.to_onnx import asked, from_module, ready
from tests.converters.image import nets
from tests.converters.torch import networks

SIDE = 32
ROWS = np.random.default_rng(0).normal(size=(5, 3, SIDE, SIDE)).astype(np.float32)


def _same(model: onnx.ModelProto, network: nn.Module, rows: Floats = ROWS) -> None:
    expected = asked(network)(rows)
    assert expected.shape == (5, networks.CLASSES)
    assert expected.dtype == np.float32
    np.testing.assert_allclose(nets.run(model, rows), expected, atol=1e-4)
    np.testing.assert_allclose(nets.run(model, rows[:1]), expected[:1], atol=1e-4)


def test_any_number_of_pictures_and_the_scores_of_an_object() -> None:
    network = ready(networks.Spoken())
    _same(from_module(network, (3, SIDE, SIDE)), network)


def test_it_is_made_ready() -> None:
    network = ready(networks.Small().half().train())
    assert not any(part.training for part in network.modules())
    assert {weight.dtype for weight in network.parameters()} == {torch.float32}


@pytest.mark.parametrize(
    ("network", "shape", "said"),
    [
        (networks.Small(), (SIDE, SIDE, 3), r"does not take \(2, 32, 32, 3\).*--size and"),
        (networks.Two(), (3, SIDE, SIDE), "answers with a tuple; expected is one tensor"),
        (networks.Branching(), (3, SIDE, SIDE), "torch can't export the network to ONNX: "),
    ],
)
def test_what_can_not_be_exported(network: nn.Module, shape: tuple[int, ...], said: str) -> None:
    with pytest.raises(ConversionError, match=said):
        from_module(ready(network), shape)
