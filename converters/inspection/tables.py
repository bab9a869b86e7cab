"""The facts about a model file, for people: tables that fit a terminal of 80 columns."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich import box
from rich.table import Column, Table
from rich.text import Text

from converters.inspection.facts import Facts, summary
from converters.inspection.graph import Value

Line = tuple[str, str]


def tables(facts: Facts) -> Iterator[Table]:
    """The file, its contract and provenance and accuracy where it has them, and its graph."""
    yield _table("File", _file(facts))
    if facts.contract is not None:
        said = summary(facts.contract.model_dump(mode="json"))
        provenance, accuracy = said.pop("provenance"), said.pop("accuracy")
        yield _table("Contract", _flat(said))
        yield _table("Provenance", _flat(provenance))
        if accuracy:
            yield _table("Accuracy", _flat(accuracy))
    elif facts.metadata:
        yield _table("Metadata", _flat(summary(dict(facts.metadata))))
    yield _table("Graph", _graph(facts))


def _table(title: str, lines: Iterable[Line]) -> Table:
    made = Table(
        Column(style="bold", overflow="fold"),
        Column(overflow="fold"),
        title=title,
        title_justify="left",
        title_style="bold underline",
        box=box.SIMPLE,
        show_header=False,
        show_edge=False,
        pad_edge=False,
    )
    for name, value in lines:
        made.add_row(_plain(name), _plain(value))
    return made


def _plain(text: str) -> Text:
    """`text` as it is: what could steer a terminal, or rich, is written out."""
    return Text(
        "".join(
            letter if letter.isprintable() or letter == "\n" else ascii(letter)[1:-1]
            for letter in text
        )
    )


def _file(facts: Facts) -> Iterator[Line]:
    yield "name", facts.file
    yield "size", _size(facts.bytes)
    yield "version", facts.version
    yield "served", f"no: {facts.problem}" if facts.problem else "yes"


def _graph(facts: Facts) -> Iterator[Line]:
    graph = facts.graph
    for name, values in (("inputs", graph.inputs), ("outputs", graph.outputs)):
        yield name, "\n".join(map(_value, values)) or "none"
    opsets = ", ".join(f"{domain} {version}" for domain, version in graph.opsets.items())
    yield "opset", f"{opsets}; IR {graph.ir_version}"
    if graph.producer:
        yield "made by", graph.producer
    if graph.external_files:
        yield "outside files", ", ".join(graph.external_files)
    yield "nodes", f"{sum(graph.operators.values()):,}"
    yield "operators", ", ".join(f"{name} {count:,}" for name, count in graph.operators.items())
    every = graph.parameters.values()
    yield "parameters", _parameters(sum(p.count for p in every), sum(p.bytes for p in every))
    for name, those in graph.parameters.items():
        yield f"  {name}", _parameters(those.count, those.bytes)


def _parameters(count: int, size: int) -> str:
    return f"{count:,} ({_size(size)})"


def _value(value: Value) -> str:
    sizes = ["?" if size is None else str(size) for size in value.shape or ()]
    shape = "of unknown shape" if value.shape is None else f"[{', '.join(sizes)}]"
    return f"{value.name}: {value.type} {shape}"


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[Line]:
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and value.keys() == {"count", "first"}:
            yield name, "\n".join([_counted(value), *_items(value)])
        elif isinstance(value, dict) and all(isinstance(one, str) for one in value.values()):
            yield name, "\n".join(f"{one} {text}" for one, text in value.items()) or "none"
        elif isinstance(value, dict):
            yield from _flat(value, f"{name}.")
        elif isinstance(value, list):
            yield name, ", ".join(map(str, value)) or "none"
        elif value is not None:
            yield name, f"{value:.4g}" if isinstance(value, float) else str(value)


def _counted(value: Mapping[str, Any]) -> str:
    every = len(value["first"]) == value["count"]
    return f"{value['count']:,}" if every else f"{value['count']:,}, of which the first:"


def _items(value: Mapping[str, Any]) -> Iterator[str]:
    """The items of a list: of labels and entries the id and the text."""
    for item in value["first"]:
        yield ": ".join(map(str, list(item.values())[:2])) if isinstance(item, dict) else str(item)


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 1e5 else f"{size:,} bytes"
