"""Records of a table with a header: TSV (no quoting), CSV or JSON Lines.

A CSV may come from a spreadsheet: with a byte order mark, `,`, `;` or tab between its cells, cells
of several lines, blank rows at its end and names of columns in any case. Errors name the file and
the line where the record begins.
"""

import codecs
import contextlib
import csv
import io
import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path

from converters.export import ConversionError

Row = tuple[int, dict[str, str]]
_DELIMITERS = (",", ";", "\t")
_SNIFFED = 20  # records


def rows(path: Path, required: tuple[str, ...]) -> Iterator[Row]:
    """Line and cells by column of each record, with `required` columns there and not blank.

    Names of columns come in lower case, without spaces around them.
    """
    for line, row in read(path):
        for column in required:
            cell(path, line, row, column)
        yield line, row


def cell(path: Path, line: int, row: dict[str, str], column: str) -> str:
    """A record's cell; raises ConversionError where the column is missing, or the cell blank."""
    if column not in row:
        raise ConversionError(
            f"{path}:{line}: there is no column {column!r}; there are: {', '.join(row)}"
        )
    if not row[column].strip():
        raise ConversionError(f"{path}:{line}: {column} is empty")
    return row[column]


def read(path: Path, *, lenient: bool = False) -> Iterator[Row]:
    """Line and cells by column of each record.

    Where `lenient`, a JSON number becomes its digits, a list of strings one line each, and other
    values are left out; else they are errors.
    """
    suffix = path.suffix.lower()
    if suffix == ".jsonl":
        return _jsonl(path, _text(path), lenient)
    if suffix not in _READERS:
        raise ConversionError(f"{path}: name it .tsv, .csv or .jsonl, after what is in it")
    return _records(path, _READERS[suffix](path, _text(path)))


def read_quoted(path: Path, delimiter: str) -> Iterator[Row]:
    """As `read`, of a table with this `delimiter` and cells in quotes, whatever its name."""
    return _records(path, _cells(path, _text(path), delimiter))


def column_name(name: str) -> str:
    """A column's name as records have it."""
    return name.strip().casefold()


def _text(path: Path) -> str:
    content = path.read_bytes()
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ConversionError(f"{path}:1: this is not UTF-8 but UTF-16; save it as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConversionError(
            f"{path}:{line}: this is not UTF-8; save it as UTF-8 (a spreadsheet calls it "
            "'CSV UTF-8'; plain 'CSV' is often Windows-1252)"
        ) from error


def _tsv(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(text.split("\n"), start=1):
        yield number, line.removesuffix("\r").split("\t")


def _csv(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    first, _, rest = text.partition("\n")
    if (said := first.strip().casefold()).startswith("sep=") and len(said) == len("sep=;"):
        for line, cells in _cells(path, rest, said[-1]):
            yield line + 1, cells
    else:
        yield from _cells(path, text, _delimiter(text))


def _delimiter(text: str) -> str:
    """That under which most of the first records have the header's columns, two or more."""

    def fits(delimiter: str) -> tuple[int, int]:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        widths = []
        with contextlib.suppress(csv.Error):
            for cells in itertools.islice(filter(None, reader), _SNIFFED):
                widths.append(len(cells))  # noqa: PERF401 - those before an error count
        columns = widths[0] if widths else 0
        return widths[1:].count(columns) if columns > 1 else 0, columns

    return max(_DELIMITERS, key=fits)


def _cells(path: Path, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        hint = "; does a cell before it lack its closing quote?" if "limit" in str(error) else ""
        raise ConversionError(f"{path}:{line}: {error}{hint}") from error


_READERS: dict[str, Callable[[Path, str], Iterator[tuple[int, list[str]]]]] = {
    ".tsv": _tsv,
    ".csv": _csv,
}


def _records(path: Path, table: Iterator[tuple[int, list[str]]]) -> Iterator[Row]:
    header: list[str] = []
    for line, cells in table:
        if not any(cell.strip() for cell in cells):
            continue
        if not header:
            header = _header(path, line, cells)
        elif len(cells) != len(header):
            raise ConversionError(
                f"{path}:{line}: {len(cells)} values, but the header names {len(header)} columns"
            )
        else:
            yield line, {name: cell for name, cell in zip(header, cells, strict=True) if name}


def _header(path: Path, line: int, cells: list[str]) -> list[str]:
    """The names of the columns; one without a name is left out of the records."""
    names = [column_name(cell) for cell in cells]
    named = list(filter(None, names))
    if len(set(named)) < len(named):
        raise ConversionError(f"{path}:{line}: the header names a column twice: {', '.join(named)}")
    return names


def _jsonl(path: Path, text: str, lenient: bool) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ConversionError(f"{path}:{number}: this is not JSON: {error}") from error
        if not isinstance(record, dict):
            raise ConversionError(f"{path}:{number}: this is not a JSON object")
        values = ((name, _plain(value) if lenient else value) for name, value in record.items())
        row = {name: value for name, value in values if value is not None}
        _check_strings(path, number, row)
        named = {column_name(name): value for name, value in row.items()}
        if len(named) < len(row):
            raise ConversionError(f"{path}:{number}: a name is there twice: {', '.join(row)}")
        yield number, named


def _plain(value: object) -> str | None:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return "\n".join(value)
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _check_strings(path: Path, line: int, row: dict[str, object]) -> None:
    for name, value in row.items():
        if not isinstance(value, str):
            raise ConversionError(f"{path}:{line}: {name!r} is not a string")
        if any("\ud800" <= char <= "\udfff" for char in value):
            raise ConversionError(f"{path}:{line}: {name!r} has half a surrogate pair")
