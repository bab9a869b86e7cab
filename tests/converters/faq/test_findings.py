import numpy as np

from converters.faq import findings
from converters.faq.answers import NO_ENTRY, Answers
from converters.faq.findings import Alike, Confused, Repeated, Weak

# Seven questions about three entries, then two that none answers.
ROWS = np.array(
    [
        [0.9, 0.1, 0.0],  # about 0: right
        [0.2, 0.7, 0.1],  # about 0: got 1
        [0.6, 0.3, 0.1],  # about 1: got 0
        [0.8, 0.1, 0.1],  # about 1: got 0, surer
        [0.1, 0.8, 0.1],  # about 1: right
        [0.1, 0.5, 0.4],  # about 2: got 1
        [0.1, 0.1, 0.8],  # about 2: right
        [0.5, 0.2, 0.2],
        [0.1, 0.7, 0.2],
    ]
)
ENTRIES = [0, 0, 1, 1, 1, 2, 2]
ANSWERS = Answers.of([f"question {number}" for number in range(9)], ENTRIES, [ROWS])


def test_confused_pairs_count_both_ways() -> None:
    assert findings.confused(ANSWERS) == [Confused((0, 1), [3, 1, 2]), Confused((1, 2), [5])]


def test_the_weakest_entries_come_first() -> None:
    # With a right and a wrong answer more each: 2 of 5, then 2 of 4 twice.
    assert findings.weakest(ANSWERS) == [Weak(1, 3, [3, 2]), Weak(0, 2, [1]), Weak(2, 2, [5])]


def test_one_wrong_of_one_is_not_the_worst() -> None:
    rows = np.array([[0.9, 0.1]] * 4 + [[0.1, 0.9]])
    answers = Answers.of([""] * 5, [1, 1, 1, 1, 0], [rows])
    assert [weak.entry for weak in findings.weakest(answers)] == [1, 0]


def test_errors_by_how_sure_they_were() -> None:
    assert findings.surest_errors(ANSWERS) == [3, 1, 2, 5]


def test_questions_without_an_entry_that_matched() -> None:
    assert findings.wrongly_matched(ANSWERS, 0.5) == [8, 7]
    assert findings.wrongly_matched(ANSWERS, 0.7) == [8]
    assert findings.wrongly_matched(ANSWERS, 0.71) == []


def test_entries_that_are_alike() -> None:
    rows = np.array([[0.6, 0.3, 0.1], [0.2, 0.8, 0.0], [0.02, 0.03, 0.95]])
    own = Answers.of(["a", "b", "c"], [0, 1, 2], [rows])
    found = findings.alike(own, 0.02)
    assert [pair.entries for pair in found] == [(0, 1), (0, 2)]
    np.testing.assert_allclose([pair.chance for pair in found], [0.25, 0.06])
    assert findings.alike(own, 0.26) == []
    assert isinstance(found[0], Alike)


def test_texts_that_are_there_again() -> None:
    texts = [
        ("Sort?", 0),
        ("sort ", 0),
        ("Flip it", 1),
        ("FLIP  it!", 2),
        ("flip it", NO_ENTRY),
        ("alone", 1),
        ("SORT", 0),
    ]
    assert findings.repeated(texts) == [
        Repeated("Flip it", 3, [NO_ENTRY, 1, 2]),
        Repeated("Sort?", 3, [0]),
    ]


def test_entries_that_have_none() -> None:
    assert findings.without(4, [2, 0, 2]) == [1, 3]
