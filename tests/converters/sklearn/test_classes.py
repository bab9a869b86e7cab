"""Entries for classes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from converters.export import ConversionError
from converters.sklearn.classes import match
from server.contract import Entry

PATH = Path("entries.tsv")


def entries(*ids: str) -> list[Entry]:
    return [Entry(id=one, question="?") for one in ids]


@pytest.mark.parametrize(
    ("classes", "ids"),
    [
        (np.array(["a", "b", "c"]), "cab"),
        (np.array([1, 2, 3]), "312"),
        (np.array(["a", 2, None], dtype=object), ("2", "None", "a")),
        ([np.str_("x"), np.int64(5)], "5x"),
    ],
    ids=str,
)
def test_the_order_is_that_of_the_entries(classes: Any, ids: Any) -> None:
    found, order = match(classes, entries(*ids), PATH, known_only=False)
    assert [one.id for one in found] == list(ids)
    assert [str(classes[place]) for place in order] == list(ids)


@pytest.mark.parametrize("known_only", [True, False])
def test_a_class_without_an_entry_is_refused(known_only: bool) -> None:
    with pytest.raises(ConversionError, match=r"^entries\.tsv: the model has 'b', 'd', for which"):
        match(["a", "b", "c", "d"], entries("a", "c"), PATH, known_only=known_only)


def test_only_some_are_listed() -> None:
    with pytest.raises(ConversionError, match="'0', '1', '2', '3', '4' and 3 more, for which"):
        match(range(9), entries("8"), PATH, known_only=False)


def test_an_entry_without_a_class() -> None:
    asked = entries("a", "new", "b")
    with pytest.raises(ConversionError, match=r"no class for 'new'; .* with --known-only"):
        match(["b", "a"], asked, PATH, known_only=False)
    found, order = match(["b", "a"], asked, PATH, known_only=True)
    assert [one.id for one in found] == ["a", "b"]
    assert order.tolist() == [1, 0]


def test_classes_that_read_the_same() -> None:
    with pytest.raises(ConversionError, match="two classes of the model have the same name"):
        match([1, "1"], entries("1"), PATH, known_only=False)
