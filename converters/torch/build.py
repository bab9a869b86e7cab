"""A network by the name of its code: an nn.Module, or what makes one."""

import ast
import importlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import nn

from converters.export import ConversionError


def build(name: str, arguments: Mapping[str, Any]) -> nn.Module:
    """The network that `name` (`package.module:attribute`) is, or makes of `arguments`.

    Modules are also looked for in the working directory. Their code runs. Raises ConversionError
    where there is no such name, or it makes something else.
    """
    with _working_directory():
        found = _find(name)
        if isinstance(found, nn.Module):
            if arguments:
                raise ConversionError(f"{name} is a finished network and takes no --arg")
            return found
        if not callable(found):
            raise ConversionError(f"{name} is a {type(found).__name__}, no network or function")
        try:
            made = found(**arguments)
        except Exception as error:  # whatever foreign code may raise
            shown = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
            raise ConversionError(f"{name}({shown}) fails: {line(error)}") from error
    if not isinstance(made, nn.Module):
        raise ConversionError(f"{name} makes a {type(made).__name__}, no torch.nn.Module")
    return made


def keywords(given: Sequence[str]) -> dict[str, Any]:
    """The arguments in texts like `depth=50`: Python's literals, and all else as a string."""
    values: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not (equals and name.isidentifier()):
            raise ConversionError(f"--arg {text}: expected is name=value")
        try:
            values[name] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            values[name] = value
    return values


def line(error: Exception) -> str:
    """The error in one line that is not too long."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]


def _find(name: str) -> Any:
    module, colon, attribute = name.partition(":")
    if not (module and colon and attribute):
        raise ConversionError(f"--module {name}: expected is package.module:attribute")
    try:
        found: Any = importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise ConversionError(
            f"there is no module {error.name!r} here; install what {name} is in, or run the "
            "command in its folder"
        ) from error
    except Exception as error:  # whatever foreign code may raise
        raise ConversionError(f"importing {module} fails: {line(error)}") from error
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise ConversionError(f"{module} has no {attribute}")
        found = getattr(found, part)
    return found


@contextmanager
def _working_directory() -> Iterator[None]:
    """Let modules be imported from the working directory, after all others."""
    here = str(Path.cwd())
    sys.path.append(here)
    try:
        yield
    finally:
        sys.path.remove(here)
