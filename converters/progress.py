"""Progress bars on stderr for steps that take long, where somebody looks at it."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import track

T = TypeVar("T")


def progress(steps: Iterable[T], description: str, total: int) -> Iterator[T]:
    """`steps`, shown as a bar of `total` if stderr is a terminal."""
    console = Console(stderr=True)
    return iter(
        track(steps, description, total=total, console=console, disable=not console.is_terminal)
    )
