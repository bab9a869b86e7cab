"""An image classifier in PyTorch to the model behind POST /v1/classify."""

import argparse
import time
from pathlib import Path

from converters.export import ConversionError
from converters.image import convert as image
from converters.image.source import Source, by_batch, sha256

HELP = "An image classifier in PyTorch: its code and weights, TorchScript, or torch.export."
_PACKAGES = ("torch", "onnxscript")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the network, its weights and what is to be said of it."""
    parser.add_argument(
        "model",
        type=Path,
        nargs="?",
        metavar="FILE",
        help="a TorchScript file, or one of torch.export.save; LOADING IT RUNS CODE FROM THE FILE: "
        "give only files that you trust",
    )
    parser.add_argument(
        "--module",
        metavar="PACKAGE.MODULE:ATTRIBUTE",
        help="instead of a file, the network's code: an nn.Module's class, a function that makes "
        "one, or one that is made; ITS CODE RUNS",
    )
    parser.add_argument(
        "--arg",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="what the class or function is called with; may be given several times",
    )
    parser.add_argument(
        "--state-dict",
        type=Path,
        metavar="FILE",
        help="the weights for --module: a state dict in .pth, .pt or .safetensors",
    )
    image.add_arguments(parser)


def convert(arguments: argparse.Namespace) -> None:
    """Load, export, wrap, compare, write and report; raises ConversionError."""
    started = time.perf_counter()
    image.write(read(arguments), arguments, started)


def read(arguments: argparse.Namespace) -> Source:
    """The network that the command line names; raises ConversionError where it can't be had."""
    if (arguments.model is None) == (arguments.module is None):
        raise ConversionError("give either a FILE or --module package.module:attribute")
    if arguments.model and (arguments.arg or arguments.state_dict):
        raise ConversionError("--arg and --state-dict go with --module; a FILE has its weights")
    try:
        import onnxscript  # noqa: F401
        import torch  # noqa: F401
    except ImportError as error:
        raise ConversionError(
            f"the package {error.name} is not installed; run: pip install 'rtscore[torch]'"
        ) from error
    return _from_file(arguments) if arguments.model else _from_code(arguments)


def _from_code(arguments: argparse.Namespace) -> Source:
    from converters.torch import build, timm, to_onnx, weights

    network = build.build(arguments.module, build.keywords(arguments.arg))
    noted = timm.noted_preprocessing(network)
    image.check_preprocessing(noted, arguments)
    hashes = {}
    if arguments.state_dict:
        weights.load_weights(network, arguments.state_dict)
        hashes["weights"] = sha256(arguments.state_dict)
    network = to_onnx.ready(network)
    shape = _shape(arguments, noted.height if noted else None)
    return Source(
        graph=to_onnx.from_module(network, shape),
        predict=to_onnx.asked(network),
        description=f"rtscore-convert torch --module {arguments.module}",
        packages=_PACKAGES,
        data_sha256=hashes,
        preprocessing=noted,
    )


def _from_file(arguments: argparse.Namespace) -> Source:
    from converters.torch import files, to_onnx

    image.check_preprocessing(None, arguments)
    network, is_program = files.load_network(arguments.model)
    if is_program:
        graph = to_onnx.from_program(network)
        predict = to_onnx.asked(network.module())
    else:
        graph = to_onnx.from_script(network, _shape(arguments, None))
        predict = to_onnx.asked(network)
    batch = graph.graph.input[0].type.tensor_type.shape.dim[0].dim_value
    return Source(
        graph=graph,
        predict=by_batch(predict, batch) if batch else predict,
        description=f"rtscore-convert torch {arguments.model.name}",
        packages=_PACKAGES,
        data_sha256={"model": sha256(arguments.model)},
    )


def _shape(arguments: argparse.Namespace, noted: int | None) -> tuple[int, int, int]:
    """The shape of one picture as the network takes it."""
    size = arguments.size or noted
    if size is None:
        raise ConversionError(
            "the network does not say which pictures it takes; give --size with the pixels that it "
            "was trained with, for example --size 224"
        )
    return (size, size, 3) if arguments.layout == "nhwc" else (3, size, size)
