import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converters.faq.split import rank, split

GROUPS = st.lists(st.integers(0, 4), max_size=40)
SHARES = st.floats(0.01, 0.99)


def texts(groups: list[int]) -> list[str]:
    return [f"text {place}" for place in range(len(groups))]


@given(GROUPS, SHARES, st.integers(0, 9))
def test_every_group_is_on_both_sides(groups: list[int], share: float, seed: int) -> None:
    records = list(enumerate(groups))
    train, test = split(records, texts(groups), groups, share, seed)
    assert sorted(train + test) == records
    assert train == sorted(train)
    assert test == sorted(test)
    ours, theirs = (Counter(group for _, group in side) for side in (train, test))
    for group, number in Counter(groups).items():
        assert theirs[group] >= 1
        assert (ours[group] >= 1) == (number >= 2)
        assert theirs[group] <= max(1, share * number + 1e-6)


@pytest.mark.parametrize(
    ("number", "share", "expected"),
    [
        (100, 0.21, 21),
        (100, 0.29, 29),
        (12, 0.21, 2),
        (4, 0.21, 1),
        (2, 0.9, 1),
        (2, 1 - 1e-12, 1),
        (1, 0.01, 1),
    ],
)
def test_how_many(number: int, share: float, expected: int) -> None:
    places = list(range(number))
    _, test = split(places, [str(place) for place in places], [0] * number, share, 1)
    assert len(test) == expected


def test_the_order_of_the_file_does_not_matter() -> None:
    asked = [f"question {number}" for number in range(60)]
    groups = [len(text) + int(text[-1]) % 3 for text in asked]
    _, test = split(asked, asked, groups, 0.3, 7)
    pairs = list(zip(asked, groups, strict=True))
    random.Random(0).shuffle(pairs)
    shuffled, moved = zip(*pairs, strict=True)
    _, again = split(shuffled, shuffled, moved, 0.3, 7)
    assert sorted(again) == sorted(test)


def test_seeds() -> None:
    asked = [f"question {number}" for number in range(60)]
    first, again, other = (split(asked, asked, [0] * 60, 0.3, seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    # Drawn by a hash, it does not change with a library or a machine either.
    assert split("abcdef", list("abcdef"), [0] * 6, 0.5, 1)[1] == ["d", "e", "f"]
    assert rank(0, "\ud800") != rank(0, "?")
