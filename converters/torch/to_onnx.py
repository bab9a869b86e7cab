"""A network in PyTorch as ONNX with a free batch axis, and the network itself to ask."""

import io
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import onnx
import torch
from torch import nn

from converters.export import ConversionError
from converters.image.source import Floats
from converters.nodes import OPSET
from converters.torch.build import line

Shape = tuple[int, ...]


class Scores(nn.Module):  # type: ignore[misc]
    """A network whose answer is one tensor, where it says more: `logits` of an output object."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """The scores [N, classes]."""
        found = self.network(pictures)
        return getattr(found, "logits", found)


def ready(network: nn.Module) -> nn.Module:
    """`network` for inference, in float32, with one tensor as its answer."""
    return Scores(network).eval().float()


def from_module(network: nn.Module, shape: Shape) -> onnx.ModelProto:
    """`network`, which takes one picture of `shape`, as ONNX; raises ConversionError."""
    example = torch.zeros(2, *shape)  # one would be taken for a constant
    _refuse_other_answers(network, example)
    batch = torch.export.Dim("N", min=1)
    return _by_dynamo(network, (example,), ({0: batch},))


def from_program(program: Any) -> onnx.ModelProto:
    """What torch.export made, as ONNX; its batch axis is as it was exported."""
    return _by_dynamo(program, (), None)


def from_script(script: Any, shape: Shape) -> onnx.ModelProto:
    """A TorchScript network, which takes one picture of `shape`, as ONNX."""
    example, made = torch.zeros(2, *shape), io.BytesIO()
    _refuse_other_answers(script, example)
    with _quiet():
        try:
            torch.onnx.export(
                script,
                (example,),
                made,
                dynamo=False,
                opset_version=OPSET,
                input_names=["pictures"],
                output_names=["scores"],
                dynamic_axes={"pictures": {0: "N"}, "scores": {0: "N"}},
            )
        except Exception as error:  # torch raises of everything here
            raise _failed(error) from error
    return onnx.load_from_string(made.getvalue())


def asked(network: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[Floats], Floats]:
    """A function from the network's input to its answer, both as numpy's float32."""

    def predict(rows: Floats) -> Floats:
        with torch.inference_mode():
            return np.asarray(network(torch.from_numpy(rows)).float().numpy())

    return predict


def _by_dynamo(network: Any, example: Any, shapes: Any) -> onnx.ModelProto:
    with _quiet():
        try:
            program = torch.onnx.export(
                network,
                example,
                dynamo=True,
                verbose=False,
                opset_version=OPSET,
                dynamic_shapes=shapes,
            )
        except ImportError as error:
            raise ConversionError(
                f"torch needs the package {error.name!r} too; run: pip install 'rtscore[torch]'"
            ) from error
        except Exception as error:  # torch raises of everything here
            raise _failed(error) from error
    model: onnx.ModelProto = program.model_proto
    return model


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep back what torch warns its own developers of."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        log.setLevel(level)


def _refuse_other_answers(network: Any, example: torch.Tensor) -> None:
    try:
        with torch.inference_mode():
            found = network(example)
    except Exception as error:  # whatever foreign code may raise
        raise ConversionError(
            f"the network does not take {tuple(example.shape)}: {line(error)}; look at --size and "
            "--layout"
        ) from error
    if not isinstance(found, torch.Tensor):
        raise ConversionError(
            f"the network answers with a {type(found).__name__}; expected is one tensor of scores: "
            "put a function that returns it around the network, and name that with --module"
        )


def _failed(error: Exception) -> ConversionError:
    return ConversionError(f"torch can't export the network to ONNX: {line(error)}")
