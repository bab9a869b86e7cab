"""What a figure is called, what it means, and how its value is written."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Meaning:
    """A figure's name for people and its meaning; `kind` says how its value is written."""

    label: str
    text: str
    kind: Literal["share", "number", "count"] = "share"

    def shown(self, value: float, unit: str = " %") -> str:
        """`value` as a report writes it; shares in per cent, with that `unit`."""
        if self.kind == "count":
            return f"{value:,.0f}"
        return f"{100 * value:.1f}{unit}" if self.kind == "share" else f"{value:.3f}"
