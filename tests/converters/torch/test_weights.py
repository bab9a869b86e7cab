"""State dicts of all kinds, and what is said of those that do not fit."""

import logging
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from converters.export import ConversionError
from converters.torch.weights import load_weights
from tests.converters.torch.networks import Small


def _trained() -> Small:
    network = Small()
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(1)
    return network


STATE = dict(_trained().state_dict())


def _prefixed(prefix: str) -> dict[str, torch.Tensor]:
    return {f"{prefix}{name}": value for name, value in STATE.items()}


def _saved(folder: Path, content: Any, name: str = "weights.pth") -> Path:
    path = folder / name
    if path.suffix == ".safetensors":
        safetensors.torch.save_file(content, path)
    else:
        torch.save(content, path)
    return path


def _is_loaded(network: Small) -> bool:
    return all(torch.equal(network.state_dict()[name], value) for name, value in STATE.items())


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (STATE, "weights.pth"),
        (STATE, "weights.safetensors"),
        ({"epoch": 3, "state_dict": STATE}, "checkpoint.pt"),
        ({"model": STATE, "optimizer": {"lr": 0.1}}, "checkpoint.pt"),
        (_prefixed("module."), "weights.pth"),
        (_prefixed("_orig_mod.module."), "weights.pth"),
        ({"state_dict": _prefixed("model.")}, "lightning.ckpt"),
    ],
)
def test_it_is_loaded(content: Any, name: str, tmp_path: Path) -> None:
    network = Small()
    assert not _is_loaded(network)
    load_weights(network, _saved(tmp_path, content, name))
    assert _is_loaded(network)


def test_what_is_taken_and_left_out_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = _saved(tmp_path, {"state_dict": _prefixed("module.")})
    with caplog.at_level(logging.INFO):
        load_weights(Small(), path)
    assert "under 'state_dict'" in caplog.messages[0]
    assert "begin with 'module.'" in caplog.messages[1]


def test_counts_of_training_steps_may_be_missing(tmp_path: Path) -> None:
    state = {name: value for name, value in STATE.items() if "num_batches" not in name}
    network = Small()
    load_weights(network, _saved(tmp_path, state))
    assert torch.equal(network.fc.weight, STATE["fc.weight"])


def _without(*names: str) -> dict[str, torch.Tensor]:
    return {name: value for name, value in STATE.items() if name not in names}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (_without("fc.bias"), "of another network: fc.bias is missing in it$"),
        (STATE | {"head": STATE["fc.bias"]}, "another network: head is unknown to the network$"),
        (
            _without("fc.bias", "fc.weight") | {"head": STATE["fc.bias"]},
            "fc.weight, fc.bias are missing in it; head is unknown to the network$",
        ),
        (
            {f"a{number}": STATE["fc.bias"] for number in range(6)},
            "conv.weight, conv.bias, norm.weight, norm.bias and 4 more are missing in it; "
            "a0, a1, a2, a3 and 2 more are unknown",
        ),
        (
            STATE | {"fc.bias": torch.zeros(3)},
            r"fc\.bias is \(3,\), and in the network \(5,\)",
        ),
        (_trained(), "holds more than weights, .* torch.save"),
        ([1, 2], "holds a list, no state dict"),
        ({}, "holds a dict, no state dict"),
        ({"epoch": 3, "weights": STATE}, "is no state dict: 'epoch' is no tensor"),
    ],
)
def test_what_does_not_fit_is_named(content: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=said):
        load_weights(Small(), _saved(tmp_path, content))


@pytest.mark.parametrize("name", ["weights.pth", "weights.safetensors"])
@pytest.mark.parametrize("length", [0, 5, 300])
def test_damaged_files(name: str, length: int, tmp_path: Path) -> None:
    path = _saved(tmp_path, STATE, name)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(ConversionError, match=name):
        load_weights(Small(), path)


def test_a_missing_file(tmp_path: Path) -> None:
    for name in ("weights.pth", "weights.safetensors"):
        with pytest.raises(OSError, match=name):
            load_weights(Small(), tmp_path / name)
