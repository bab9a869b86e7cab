"""A network in a file that holds its code as well: TorchScript, or what torch.export saved."""

import warnings
import zipfile
from pathlib import Path
from typing import Any

import torch

from converters.export import ConversionError
from converters.torch.build import line


def load_network(path: Path) -> tuple[Any, bool]:
    """The network, and whether it is a torch.export.ExportedProgram and not a ScriptModule.

    Raises ConversionError for a file that is damaged or holds something else.
    """
    parts = _parts(path)
    try:
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            if "archive_format" in parts or "serialized_exported_program.json" in parts:
                return torch.export.load(path), True
            if "constants.pkl" in parts:
                return torch.jit.load(path, map_location="cpu").eval(), False
    except Exception as error:  # torch raises of everything here
        raise ConversionError(f"{path} can't be loaded: {line(error)}") from error
    raise ConversionError(
        f"{path} holds weights alone, or a pickled network, whose loading would run code from it; "
        "name the network's code with --module package.module:attribute, and give the weights with "
        "--state-dict"
    )


def _parts(path: Path) -> set[str]:
    """Names of the parts of the archive, without the folder that they are in."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {name.split("/", 1)[-1] for name in archive.namelist()}
    except zipfile.BadZipFile as error:
        raise ConversionError(
            f"{path} is no TorchScript file and none of torch.export.save; for weights "
            "alone, name the network's code with --module and give them with --state-dict"
        ) from error
