"""Rows of a Stack Exchange dump's XML, in memory that does not grow with the file."""

from collections.abc import Iterator
from pathlib import Path
from xml.parsers import expat

from converters.export import ConversionError
from converters.progress import progress

_CHUNK = 1 << 20  # bytes
_LONGEST = 64 << 20  # bytes of a row; real ones have under one MiB


class Row:
    """The attributes of a row, and the line where it stands."""

    __slots__ = ("_attributes", "_line", "_path")

    def __init__(self, path: Path, line: int, attributes: dict[str, str]) -> None:
        self._path = path
        self._line = line
        self._attributes = attributes

    def text(self, name: str) -> str:
        """An attribute; empty where the row has none."""
        return self._attributes.get(name, "")

    def number(self, name: str, default: int | None = None) -> int:
        """A whole number; raises ConversionError where it is none, or absent without `default`."""
        value = self._attributes.get(name)
        if value is None and default is not None:
            return default
        try:
            return int(value or "")
        except ValueError:
            told = "lacks" if value is None else f"has no number, but {value[:40]!r}, for"
            raise ConversionError(f"{self._path}:{self._line}: a row {told} {name}") from None


def rows(path: Path, root: str, description: str) -> Iterator[Row]:
    """Each `<row>` of `path`, a dump's file whose root element is `root`.

    Raises ConversionError, with file and line, for what is no XML, another root, and a document
    type, which no dump has and in which entities could be declared.
    """
    reader = _Reader(path, root)
    chunks = progress(_chunks(path), description, -(-path.stat().st_size // _CHUNK))
    fed = 0
    for chunk in chunks:
        reader.feed(chunk)
        fed += len(chunk)
        if fed - reader.parser.CurrentByteIndex > _LONGEST:
            reader.refuse(f"a row of more than {_LONGEST >> 20} MiB")
        yield from reader.taken()
    reader.feed(b"", final=True)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


class _Reader:
    def __init__(self, path: Path, root: str) -> None:
        self._path = path
        self._root = root
        self._depth = 0
        self._rows: list[Row] = []
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.StartDoctypeDeclHandler = self._doctype

    def feed(self, chunk: bytes, *, final: bool = False) -> None:
        """Parse more of the file."""
        try:
            self.parser.Parse(chunk, final)
        except expat.ExpatError as error:
            what = expat.ErrorString(error.code)
            raise ConversionError(
                f"{self._path}:{error.lineno}: this is not XML: {what}"
            ) from error

    def taken(self) -> list[Row]:
        """The rows that were complete since the last time."""
        taken, self._rows = self._rows, []
        return taken

    def refuse(self, what: str) -> None:
        """Raise ConversionError with the line."""
        raise ConversionError(f"{self._path}:{self.parser.CurrentLineNumber}: {what}")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth == 1 and name != self._root:
            self.refuse(f"the root is <{name[:40]}>, but this file's should be <{self._root}>")
        if self._depth == 2 and name == "row":
            self._rows.append(Row(self._path, self.parser.CurrentLineNumber, attributes))

    def _end(self, name: str) -> None:
        self._depth -= 1

    def _doctype(self, *_: object) -> None:
        self.refuse("a document type, which no dump has; remove it")
