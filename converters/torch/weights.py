"""The weights of a network, from a state dict in a file."""

import logging
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import nn

from converters.export import ConversionError
from converters.torch.build import line

# Under what training scripts put the state dict into their checkpoints.
_KEYS = ("state_dict", "model_state_dict", "model")
# What wrappers of a network put before its names.
_PREFIXES = ("module.", "_orig_mod.", "model.")
_SHOWN = 4
_log = logging.getLogger("rtscore.convert")


def load_weights(network: nn.Module, path: Path) -> None:
    """Put the state dict in `path` (.safetensors, or any other ending for torch.save) in place.

    No code in the file runs. Raises ConversionError for a file that is damaged or holds something
    else, and, with their names, for weights that are missing, too many or of other shapes.
    """
    state = _read(path)
    expected = network.state_dict()
    state = _without_prefix(state, expected)
    # Counts of training steps, which older files lack.
    missing = [
        name for name in expected if name not in state and not name.endswith(".num_batches_tracked")
    ]
    unknown = [name for name in state if name not in expected]
    if missing or unknown:
        parts = [
            f"{_names(names)} {what}"
            for names, what in ((missing, "missing in it"), (unknown, "unknown to the network"))
            if names
        ]
        raise ConversionError(f"{path} holds the weights of another network: {'; '.join(parts)}")
    for name, value in state.items():
        if value.shape != expected[name].shape:
            raise ConversionError(
                f"{path} holds the weights of another network: {name} is {tuple(value.shape)}, "
                f"and in the network {tuple(expected[name].shape)}"
            )
    network.load_state_dict(state, strict=False)


def _read(path: Path) -> dict[str, torch.Tensor]:
    try:
        if path.suffix == ".safetensors":
            found: Any = safetensors.torch.load_file(path)
        else:
            found = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ConversionError(
            f"{path} holds more than weights, and loading it would run code from it; save the "
            "state dict alone: torch.save(model.state_dict(), FILE)"
        ) from error
    except (RuntimeError, EOFError, ValueError, KeyError, safetensors.SafetensorError) as error:
        raise ConversionError(f"{path} is no whole file of weights: {line(error)}") from error
    for key in _KEYS:
        if isinstance(found, Mapping) and isinstance(found.get(key), Mapping):
            _log.info("%s: taking the weights under %r", path, key)
            found = found[key]
            break
    if not isinstance(found, Mapping) or not found:
        raise ConversionError(f"{path} holds a {type(found).__name__}, no state dict")
    for name, value in found.items():
        if not isinstance(value, torch.Tensor):
            raise ConversionError(f"{path} is no state dict: {name!r:.80} is no tensor")
    return dict(found)


def _without_prefix(
    state: dict[str, torch.Tensor], expected: Mapping[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    while prefix := next(
        (
            prefix
            for prefix in _PREFIXES
            if all(name.startswith(prefix) for name in state)
            and not any(name.startswith(prefix) for name in expected)
        ),
        "",
    ):
        _log.info("the names of all weights begin with %r, which is left out", prefix)
        state = {name.removeprefix(prefix): value for name, value in state.items()}
    return state


def _names(names: list[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{shown}{more} {'is' if len(names) == 1 else 'are'}"
