from dataclasses import replace

import pytest

from converters.classify.mistakes import Confused, OfClass, by_class, confused, surest
from tests.picture_set import seen

ROWS = [
    [0.6, 0.3, 0.1],
    [0.7, 0.2, 0.1],
    [0.9, 0.1, 0.0],
    [0.1, 0.5, 0.4],
    [0.2, 0.2, 0.6],
    [0.8, 0.1, 0.1],
]
# The right class of the second, third and fourth is another than the one that comes first.
SEEN = seen([0, 1, 1, 2, 2, 0], ROWS)


def test_the_surest_mistake_comes_first() -> None:
    assert surest(SEEN) == [2, 1, 3]
    assert surest(seen([0], [[0.9, 0.1]])) == []


def test_pairs_by_how_often() -> None:
    assert confused(SEEN) == [Confused(1, 0, [2, 1]), Confused(2, 1, [3])]


def test_one_direction_is_not_the_other() -> None:
    both = seen([0, 1], [[0.4, 0.6], [0.7, 0.3]])
    assert confused(both) == [Confused(1, 0, [1]), Confused(0, 1, [0])]


def test_the_least_accurate_class_comes_first() -> None:
    found = by_class(SEEN)
    assert [one.label for one in found] == [1, 2, 0]
    assert [replace(one, own=0) for one in found] == [
        OfClass(1, pictures=2, right=0, within_top=2, own=0, said=[0]),
        OfClass(2, pictures=2, right=1, within_top=2, own=0, said=[1]),
        OfClass(0, pictures=2, right=2, within_top=2, own=0, said=[]),
    ]
    assert [one.own for one in found] == pytest.approx([0.15, 0.5, 0.7])


def test_one_wrong_of_one_says_less_than_five_of_five() -> None:
    rows = [[0.9, 0.1, 0.0]] * 6
    assert [one.label for one in by_class(seen([2, 1, 1, 1, 1, 1], rows))] == [1, 2]
