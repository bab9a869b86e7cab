"""`rtscore-convert quantize FILE.onnx --to int8|fp16`: an image model's file in fewer bits."""

import argparse
import logging
import time
from pathlib import Path

from converters.arguments import count, share
from converters.export import ConversionError
from converters.quantization import from_pictures, from_ranges, ranges
from converters.quantization.cost import LEAST_AGREEMENT
from converters.quantization.from_pictures import Request
from converters.quantization.source import read

HELP = "An image model's file in int8 (for CPUs) or fp16 (for GPUs), with what that costs."
_log = logging.getLogger("rtscore.convert")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the file, the precision, the pictures or ranges and the file to write."""
    parser.add_argument(
        "model", type=Path, metavar="FILE.onnx", help="an fp32 image model of rtscore-convert"
    )
    parser.add_argument(
        "--to", choices=("int8", "fp16"), required=True, help="int8 for CPUs, fp16 for CUDA"
    )
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument(
        "--images",
        type=Path,
        metavar="DIR",
        help="pictures of the kind that the model will be asked about, without labels: for int8 "
        "half of them calibrate; the others tell what it costs",
    )
    given.add_argument(
        "--ranges",
        type=Path,
        metavar="RANGES.json",
        help="for int8: what --save-ranges wrote, instead of pictures",
    )
    _add_options(parser)
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="OUT.onnx", help="the file to write"
    )


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--least-agreement",
        type=share,
        default=LEAST_AGREEMENT,
        metavar="SHARE",
        help="write nothing where the first class is the source's on fewer pictures than this "
        f"share (default: {LEAST_AGREEMENT:g})",
    )
    parser.add_argument(
        "--seed", type=count, default=0, help="of the choice of pictures (default: 0)"
    )
    parser.add_argument(
        "--save-ranges",
        type=Path,
        metavar="RANGES.json",
        help="for int8: keep the ranges, to make the same file without the pictures",
    )
    parser.add_argument(
        "--pictures-are", default="", metavar="TEXT", help="what the file of ranges says of them"
    )
    parser.add_argument(
        "--reduce-range",
        action="store_true",
        help="for int8: weights in 7 bits, less exact, but as fast as can be on x86 processors "
        "without VNNI, where sums of 8-bit products would overflow",
    )


def convert(arguments: argparse.Namespace) -> None:
    """Quantise as the command line says, and report on stderr."""
    started = time.perf_counter()
    _refuse_what_does_not_fit(arguments)
    source = read(arguments.model)
    saved = None
    if arguments.ranges:
        variant = from_ranges.make(source, arguments.ranges)
    elif arguments.to == "fp16":
        variant = from_pictures.make_fp16(source, _request(arguments))
    else:
        variant, saved = from_pictures.make_int8(source, _request(arguments))
    parity = variant.write(arguments.output)
    if saved and arguments.save_ranges:
        ranges.write(arguments.save_ranges, saved)
    _log.info(
        "%s: %.1f MB in %.1f s; largest difference from the quantised graph %.1e over %d pictures",
        arguments.output,
        parity.bytes_written / 1e6,
        time.perf_counter() - started,
        parity.largest_difference,
        parity.rows,
    )


def _refuse_what_does_not_fit(arguments: argparse.Namespace) -> None:
    if arguments.to == "fp16" and (arguments.ranges or arguments.save_ranges):
        raise ConversionError("fp16 needs no ranges: leave --ranges and --save-ranges out")
    if arguments.to == "fp16" and arguments.reduce_range:
        raise ConversionError("fp16 has no reduced range: leave --reduce-range out")
    if arguments.ranges and (arguments.save_ranges or arguments.reduce_range):
        raise ConversionError(
            "--save-ranges and --reduce-range go with --images: a file of ranges has its own"
        )
    if arguments.output.resolve() == arguments.model.resolve():
        raise ConversionError("the file to write is the model itself: give -o another name")


def _request(arguments: argparse.Namespace) -> Request:
    return Request(
        folder=arguments.images,
        least_agreement=arguments.least_agreement,
        seed=arguments.seed,
        reduce_range=arguments.reduce_range,
        about=arguments.pictures_are,
    )
