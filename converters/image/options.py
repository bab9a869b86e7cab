"""What a user says of an image model on the command line."""

import argparse
import math
from dataclasses import replace
from pathlib import Path

from converters.arguments import positive
from converters.export import ConversionError
from converters.image.inputs import Input
from converters.image.preprocessing import PRESETS, Channels, Preprocessing


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what all sources of image models take, and the file to write."""
    parser.add_argument(
        "--labels",
        metavar="FILE",
        help="names of the classes in order, one a line, or id and label with a tab between; or "
        "'imagenet' (default: imagenet for 1,000 classes)",
    )
    _add_preprocessing(parser)
    parser.add_argument(
        "--layout",
        choices=("nchw", "nhwc"),
        help="where the network takes the channels, if its input does not say",
    )
    parser.add_argument(
        "--softmax",
        choices=("auto", "add", "none"),
        default="auto",
        help="put a softmax behind the network (default: auto, where it gives scores)",
    )
    parser.add_argument(
        "--images",
        type=Path,
        metavar="DIR",
        help="photos to compare the graph with the network on, beside the built-in pictures",
    )
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="OUT.onnx", help="the file to write"
    )


def _add_preprocessing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--preprocessing",
        choices=sorted(PRESETS),
        help="how the network was trained to take pixels: torch (ImageNet's mean and deviation), "
        "caffe (BGR less the mean), tf (-1 to 1), unit (0 to 1), none (0 to 255)",
    )
    flags = (("--mean", _channels, "subtracted"), ("--std", _divisors, "divided by after that"))
    for flag, kind, meaning in flags:
        parser.add_argument(
            flag,
            type=kind,
            metavar="A,B,C",
            help=f"what is {meaning}, for pixels from 0 to 255: one number, or one a channel in "
            "the network's order",
        )
    parser.add_argument("--bgr", action="store_true", help="the network takes blue first")
    parser.add_argument(
        "--size", type=positive, metavar="PIXELS", help="side of the square that it takes"
    )
    parser.add_argument(
        "--crop",
        type=_crop,
        metavar="SHARE",
        help="side of the centre square that is used, as a share of the picture's short side "
        "(default: 0.875)",
    )
    parser.add_argument(
        "--resample",
        choices=("bilinear", "bicubic"),
        help="how pictures are resized (default: bicubic)",
    )


def check_preprocessing(given: Preprocessing | None, arguments: argparse.Namespace) -> None:
    """Raise ConversionError, before anything takes time, where `choose_preprocessing` would."""
    _normalisation(given, arguments)


def choose_preprocessing(
    given: Preprocessing | None, entry: Input, arguments: argparse.Namespace
) -> Preprocessing:
    """The preprocessing that the user says, else that of the source, `given`; at the input's size.

    Raises ConversionError where neither says it, or the numbers are for pixels from 0 to 1.
    """
    chosen = _normalisation(given, arguments)
    cut = given or chosen  # which no preset knows
    return replace(
        chosen,
        height=entry.height,
        width=entry.width,
        bgr=chosen.bgr or arguments.bgr,
        crop=arguments.crop or cut.crop,
        resample=arguments.resample or cut.resample,
    )


def _normalisation(given: Preprocessing | None, arguments: argparse.Namespace) -> Preprocessing:
    if arguments.mean or arguments.std:
        if arguments.preprocessing:
            raise ConversionError("give either --preprocessing or --mean and --std")
        mean, std = arguments.mean or (0.0,) * 3, arguments.std or (1.0,) * 3
        _refuse_unit_scale(mean, std)
        return replace(PRESETS["none"], mean=mean, std=std)
    chosen = PRESETS[arguments.preprocessing] if arguments.preprocessing else given
    if chosen is None:
        raise ConversionError(
            "how the network was trained to take pixels can't be seen in it; give --preprocessing "
            f"with one of {', '.join(sorted(PRESETS))}, or --mean and --std (for pixels from 0 to "
            "255), as its training code has it"
        )
    return chosen


def _refuse_unit_scale(mean: Channels, std: Channels) -> None:
    if 0 < max(mean) <= 1 and max(std) <= 1:
        scaled = (",".join(f"{255 * value:g}" for value in values) for values in (mean, std))
        raise ConversionError(
            "--mean and --std look as if they were for pixels from 0 to 1; for 0 to 255 they are "
            f"--mean {next(scaled)} --std {next(scaled)}"
        )


def _channels(text: str) -> Channels:
    """One number for all channels, or three."""
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) == 1:
        values *= 3
    if len(values) != 3 or not all(map(math.isfinite, values)):
        raise argparse.ArgumentTypeError("give one number, or three with commas between")
    return values[0], values[1], values[2]


def _divisors(text: str) -> Channels:
    values = _channels(text)
    if min(values) <= 0:
        raise argparse.ArgumentTypeError("give numbers over 0")
    return values


def _crop(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError("give a number over 0, up to 1")
    return value
