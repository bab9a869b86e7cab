"""What a pipeline that can't be converted is told: which step, which setting, and what instead."""

from collections.abc import Iterable
from typing import Any

from converters.export import ConversionError


def refuse(step: str, reason: str, instead: str) -> ConversionError:
    """The error for the step of this name."""
    return ConversionError(f"step {step!r}: {reason}; {instead}")


def refuse_type(step: str, found: Any, accepted: Iterable[type]) -> ConversionError:
    """The error for a step of a class that is not known, subclasses included."""
    names = ", ".join(sorted(one.__name__ for one in accepted))
    kind = type(found)
    return refuse(
        step,
        f"{kind.__module__}.{kind.__qualname__} can't be converted exactly",
        f"here these can: {names}",
    )
