"""The command line `rtscore-convert SOURCE ...`: one subcommand a source."""

import argparse
import logging
import sys
from collections.abc import Sequence
from typing import Protocol

from converters import (
    evaluate,
    from_efficientnet_lite,
    from_faq,
    from_keras,
    from_onnx,
    from_sklearn,
    from_tensorflow,
    from_torch,
    import_faq,
    inspect_model,
    quantize,
)
from converters.export import ConversionError
from server.errors import StartupError


class Converter(Protocol):
    """What a source's module offers: its arguments and the conversion itself."""

    HELP: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the subcommand's own arguments."""

    def convert(self, arguments: argparse.Namespace) -> None:
        """Convert, verify, write and report; raises ConversionError."""


CONVERTERS: dict[str, Converter] = {
    "faq": from_faq,
    "sklearn": from_sklearn,
    "keras": from_keras,
    "tensorflow": from_tensorflow,
    "torch": from_torch,
    "onnx": from_onnx,
    "efficientnet-lite": from_efficientnet_lite,
    "quantize": quantize,
    "evaluate": evaluate,
    "inspect": inspect_model,
    "import": import_faq,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one converter; 0 for done, 1 where the model or its data can't be converted."""
    parser = argparse.ArgumentParser(
        prog="rtscore-convert",
        description="Turn a trained model into the one ONNX file that rtscore serves.",
    )
    subparsers = parser.add_subparsers(title="sources", dest="source", required=True)
    for name, converter in CONVERTERS.items():
        subparser = subparsers.add_parser(name, help=converter.HELP, description=converter.HELP)
        converter.add_arguments(subparser)
    arguments = parser.parse_args(argv)
    # Libraries' own news, such as what an exporter has optimised, are not for users.
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    logging.getLogger("rtscore").setLevel(logging.INFO)
    try:
        CONVERTERS[arguments.source].convert(arguments)
    except (ConversionError, StartupError, OSError) as error:
        print(f"rtscore-convert {arguments.source}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
