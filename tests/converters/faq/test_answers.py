import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converters.faq.answers import NO_ENTRY, TOP, Answers

# Three duplicates with the right entry first, second and last; then a question without an entry.
ROWS = np.array(
    [[0.8, 0.1, 0.0, 0.0], [0.5, 0.4, 0.0, 0.1], [0.4, 0.3, 0.1, 0.2], [0.0, 0.0, 0.0, 0.6]],
    np.float32,
)
TEXTS = ["one", "two", "three", "four"]
ENTRIES = [0, 1, 2]


def test_what_is_kept() -> None:
    answers = Answers.of(TEXTS, ENTRIES, [ROWS])
    assert answers.entries.tolist() == [0, 1, 2, NO_ENTRY]
    assert answers.ranks.tolist() == [1, 2, 4, 0]
    assert answers.top.tolist() == [[0, 1, 2], [0, 1, 3], [0, 1, 3], [3, 0, 1]]
    np.testing.assert_array_equal(answers.chances[1], ROWS[1, [0, 1, 3]])
    assert answers.outcomes.best.tolist() == ROWS.max(axis=1).tolist()
    assert answers.outcomes.ranks is answers.ranks


def test_batches_of_any_size_are_one() -> None:
    """A batch may hold both kinds of questions; none of them is kept whole."""
    whole = Answers.of(TEXTS, ENTRIES, [ROWS])
    parts = Answers.of(TEXTS, ENTRIES, iter([ROWS[:1], ROWS[1:]]))
    for name in ("entries", "ranks", "top", "chances"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))
    assert ROWS[0, 0] == np.float32(0.8)  # what was given is left as it was


def test_a_faq_of_two_has_two_first_ones() -> None:
    answers = Answers.of(["one"], [1], [np.array([[0.25, 0.75]])])
    assert answers.top.tolist() == [[1, 0]]
    assert answers.chances.tolist() == [[0.75, 0.25]]


@given(st.data(), st.integers(1, 6), st.integers(1, 9))
def test_it_is_what_sorting_gives(data: st.DataObject, entries: int, asked: int) -> None:
    # Few different values, so that ties, which go to the earlier entry, are common.
    row = st.lists(st.sampled_from([0.0, 0.25, 0.5]), min_size=entries, max_size=entries)
    rows = data.draw(st.lists(row, min_size=asked, max_size=asked))
    own = data.draw(st.lists(st.integers(0, entries - 1), max_size=asked))
    answers = Answers.of([""] * asked, own, [np.array(rows)])
    for number, values in enumerate(rows):
        order = sorted(range(entries), key=lambda entry: (-values[entry], entry))
        assert answers.top[number].tolist() == order[:TOP]
        assert answers.chances[number].tolist() == [values[entry] for entry in order[:TOP]]
        rank = 1 + order.index(own[number]) if number < len(own) else 0
        assert answers.ranks[number] == rank


def test_rows_that_are_missing_are_noticed() -> None:
    with pytest.raises(ValueError, match="4 texts"):
        Answers.of(TEXTS, ENTRIES, [ROWS[:2]])
