"""The networks of keras.applications, and Keras' own preprocessing for each."""

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from converters.export import ConversionError


@dataclass(frozen=True)
class Application:
    """One of keras.applications.

    `network(weights=..., input_shape=..., classes=...)` makes it. `preprocess` turns RGB pixels
    from 0 to 255, float [N, height, width, 3], into what it takes; it may write over them.
    """

    name: str
    network: Callable[..., Any]
    preprocess: Callable[[Any], Any]


def names(keras: Any) -> list[str]:
    """The names of all that the module `keras` has."""
    return sorted(
        name
        for name, value in vars(keras.applications).items()
        if inspect.isfunction(value) and "weights" in inspect.signature(value).parameters
    )


def find(keras: Any, name: str) -> Application:
    """The application of this name; raises ConversionError, with all names, where there is none."""
    known = names(keras)
    if name not in known:
        raise ConversionError(f"Keras has no application {name!r}; it has {', '.join(known)}")
    network = getattr(keras.applications, name)
    return Application(name, network, sys.modules[network.__module__].preprocess_input)
