"""Which column of a model's probabilities belongs to which entry of a FAQ."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from converters.export import ConversionError
from converters.sklearn.rows import Columns
from server.contract import Entry

_SHOWN = 5


def match(
    classes: Sequence[object], entries: Sequence[Entry], path: Path, *, known_only: bool
) -> tuple[list[Entry], Columns]:
    """The entries, in order, and the place of each one's id among the model's classes.

    An entry without a class is an error, or left out where `known_only`; so is, always, a class
    without an entry. `path` is the file of the entries, for messages.
    """
    places = {str(one): place for place, one in enumerate(classes)}
    if len(places) < len(classes):
        raise ConversionError("two classes of the model have the same name as text")
    if unknown := sorted(places.keys() - {entry.id for entry in entries}):
        raise ConversionError(
            f"{path}: the model has {_listed(unknown)}, for which there is no entry; add one for "
            "each, whose id is the class"
        )
    if extra := [entry.id for entry in entries if entry.id not in places]:
        if not known_only:
            raise ConversionError(
                f"{path}: the model has no class for {_listed(extra)}; train it on them, remove "
                "them, or leave them out with --known-only"
            )
        entries = [entry for entry in entries if entry.id in places]
    return list(entries), np.array([places[entry.id] for entry in entries], np.int64)


def _listed(names: Iterable[str]) -> str:
    quoted = [repr(name) for name in names]
    more = f" and {len(quoted) - _SHOWN} more" if len(quoted) > _SHOWN else ""
    return ", ".join(quoted[:_SHOWN]) + more
