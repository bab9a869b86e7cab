"""Pictures with their right classes, from a table: `file`, and the class by id, index or name."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from converters.export import ConversionError
from converters.faq.tables import Row, cell, rows
from converters.report.section import short
from server.contract import Label

_IDS, _INDEX, _NAMES = ("id", "wnid"), "class_index", ("label", "name")
_LISTED = 10  # of the files that are missing


@dataclass(frozen=True)
class Picture:
    """A picture: its name in the table, where it lies, and the index of its right class."""

    file: str
    path: Path
    label: int


def read(table: Path, folder: Path, labels: Sequence[Label]) -> list[Picture]:
    """The pictures that `table` names, which lie in `folder`, with the class that each shows.

    The class is that of the column `id` (or `wnid`), `class_index` or `label` (or `name`), the
    first of them that is there. Raises ConversionError, with file and line, for a class that the
    model does not have or that two columns do not agree on, and for files that are missing.
    """
    if not folder.is_dir():
        raise ConversionError(f"--images {folder}: this is no folder")
    classes = _Classes(labels)
    found: dict[str, Picture] = {}
    for line, row in rows(table, ("file",)):
        file = row["file"]
        if file in found:
            raise ConversionError(f"{table}:{line}: {file} is there twice")
        found[file] = Picture(file, folder / file, classes.index(table, (line, row)))
    if not found:
        raise ConversionError(f"{table}: there are no pictures in it")
    _refuse_missing(folder, found.values())
    return list(found.values())


class _Classes:
    """The classes of a model, to be found by what a row says."""

    def __init__(self, labels: Sequence[Label]) -> None:
        ids = [label.id for label in labels]
        names = [_normal(label.label) for label in labels]
        indices = list(map(str, range(len(labels))))
        # What each column may say, by class.
        self._first = {_INDEX: "0", **dict.fromkeys(_IDS, ids[0])}
        self._first |= dict.fromkeys(_NAMES, labels[0].label)
        self._places = {_INDEX: _places(indices), **dict.fromkeys(_IDS, _places(ids))}
        self._places |= dict.fromkeys(_NAMES, _places(names))

    def index(self, table: Path, record: Row) -> int:
        line, row = record
        known = [name for name in (*_IDS, _INDEX, *_NAMES) if name in row]
        if not known:
            raise ConversionError(
                f"{table}:{line}: no column tells the class; name one of its columns "
                f"id (or wnid), class_index or label (or name); there are: {', '.join(row)}"
            )
        # Names have synonyms, so they count only where nothing else does.
        those = [name for name in known if name not in _NAMES] or known[:1]
        found = {name: self._by(table, line, name, cell(table, *record, name)) for name in those}
        if len(set(found.values())) > 1:
            said = " and ".join(f"{name} {row[name]} is {place}" for name, place in found.items())
            raise ConversionError(
                f"{table}:{line}: two columns disagree on the class: by the model's labels, {said}"
            )
        return found[those[0]]

    def _by(self, table: Path, line: int, column: str, value: str) -> int:
        sought = _normal(value) if column in _NAMES else value.strip()
        places = self._places[column].get(sought, [])
        if len(places) == 1:
            return places[0]
        what = f"no class of the model; the first of its {len(self._places[_INDEX])} is "
        what += repr(self._first[column])
        if places:
            what = f"that of {len(places)} classes of the model; tell them apart by {_INDEX}"
        raise ConversionError(f"{table}:{line}: {column} {short(value.strip())!r} is {what}")


def _normal(name: str) -> str:
    return " ".join(name.replace("_", " ").casefold().split())


def _places(values: Iterable[str]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = defaultdict(list)
    for place, value in enumerate(values):
        places[value].append(place)
    return dict(places)


def _refuse_missing(folder: Path, pictures: Iterable[Picture]) -> None:
    missing = [picture.file for picture in pictures if not picture.path.is_file()]
    if missing:
        listed = ", ".join(missing[:_LISTED])
        more = f" and {len(missing) - _LISTED} more" if len(missing) > _LISTED else ""
        raise ConversionError(f"{folder} lacks {len(missing)} of the files: {listed}{more}")
