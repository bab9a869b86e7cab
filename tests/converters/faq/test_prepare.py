import argparse
from collections import Counter
from collections.abc import Sequence

import pytest

from converters.export import ConversionError
from converters.faq.data import Duplicate
from converters.faq.prepare import Options, add_arguments, normal, prepare
from converters.faq.prepared import Prepared
from server.contract import Entry
from tests import faq_set

ENTRIES = [
    Entry(id="a", question="How do I sort?"),
    Entry(id="b", question="How do I compare dates in a list?"),
    Entry(id="c", question="Why?"),
]


def asked(*texts: tuple[str, int]) -> list[Duplicate]:
    return [Duplicate(text, entry) for text, entry in texts]


def told(data: Prepared) -> list[tuple[str, str, int, int]]:
    return [(step.name, step.what, step.count, step.left) for step in data.report]


def parsed(*argv: str) -> Options:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    parser.add_argument("--seed", type=int, default=0)
    return Options.of(parser.parse_args(argv))


def test_the_command_line() -> None:
    assert parsed() == Options()
    assert parsed(
        *["--drop-orphans", "--no-drop-repeated", "--min-length", "150", "--min-duplicates", "12"],
        *["--fallen", "no-match", "--split", ".21", "--seed", "1"],
    ) == Options(True, False, 150, 12, "no-match", 0.21, 1)


@pytest.mark.parametrize(
    "argv", [["--split", "1"], ["--min-length", "-1"], ["--min-duplicates", "x"], ["--fallen", "x"]]
)
def test_a_wrong_command_line(argv: Sequence[str]) -> None:
    with pytest.raises(SystemExit):
        parsed(*argv)


def test_the_defaults_change_nothing() -> None:
    repeated = asked(("Why?", 2), ("x", 0), ("x", 1), ("x", 1))
    data = prepare(ENTRIES, repeated, ["x", "x"], Options(), test=repeated, no_match_test=["y"])
    assert data == Prepared(ENTRIES, repeated, repeated, ["x", "x"], ["y"], ())


def test_orphans_are_counted() -> None:
    data = prepare(ENTRIES, asked(("x", 0)), [], Options(drop_orphans=True), orphans=["lost", "y"])
    assert told(data) == [("orphans", "duplicates", 2, 1)]
    assert data.report[0].examples == ("lost", "y")


def test_repeated_texts() -> None:
    duplicates = asked(
        ("how do i SORT", 0),  # the entry's own
        ("Why ...", 0),  # another's own
        ("sort it", 0),
        ("Sort  it!", 0),  # again
        ("compare", 0),
        ("Compare?", 1),  # under two
        ("C++", 1),
        ("C#", 1),  # not the same
        ("tested", 1),
    )
    no_match = ["SORT it", "knit", "Knit.", "why", "compare"]
    data = prepare(
        ENTRIES, duplicates, no_match, Options(drop_repeated=True), test=asked(("Tested?", 0))
    )
    assert data.duplicates == asked(("sort it", 0), ("C++", 1), ("C#", 1))
    assert data.no_match == ["knit"]
    assert data.test == asked(("Tested?", 0))
    assert told(data) == [
        ("an entry's own question", "duplicates", 2, 7),
        ("under several entries", "duplicates", 2, 5),
        ("the same text again", "duplicates", 1, 4),
        ("in the test too", "duplicates", 1, 3),
        ("has an entry", "no-match questions", 3, 2),
        ("the same text again", "no-match questions", 1, 1),
    ]
    assert prepare(ENTRIES, data.duplicates, [], Options(drop_repeated=True)).duplicates == (
        data.duplicates
    )


def test_normal() -> None:
    assert normal("  \uff28ow\u00a0DO\n i?! ") == "how do i"
    assert normal("Straße") == normal("STRASSE")
    assert normal("???") == "???"
    assert normal("C++") != normal("C#")


def test_the_shortest_text() -> None:
    duplicates = asked(("long enough", 0), ("  short  ", 1), ("long for nothing", 2))
    data = prepare(ENTRIES, duplicates, ["no", "unanswered"], Options(min_length=8))
    assert [entry.id for entry in data.entries] == ["a", "b"]
    assert data.duplicates == asked(("long enough", 0))
    assert data.no_match == ["unanswered"]
    assert told(data) == [
        ("too short", "entries", 1, 2),
        ("of those entries: dropped", "duplicates", 1, 2),
        ("too short", "duplicates", 1, 1),
        ("too short", "no-match questions", 1, 1),
    ]


def test_the_fewest_duplicates() -> None:
    duplicates = asked(("one", 0), ("two", 0), ("three", 1), ("four", 2), ("five", 2))
    options = Options(min_duplicates=2)
    data = prepare(ENTRIES, duplicates, [], options)
    assert [entry.id for entry in data.entries] == ["a", "c"]
    assert data.duplicates == asked(("one", 0), ("two", 0), ("four", 1), ("five", 1))
    assert told(data) == [
        ("too few duplicates", "entries", 1, 2),
        ("of those entries: dropped", "duplicates", 1, 4),
    ]
    data = prepare(ENTRIES, duplicates, [], options, test=asked(("six", 1)))
    assert len(data.entries) == 3  # the test's count too
    data = prepare(ENTRIES, duplicates, ["x"], Options(min_duplicates=2, fallen="no-match"))
    assert data.no_match == ["x", "How do I compare dates in a list?", "three"]


def test_short_texts_do_not_count_as_duplicates() -> None:
    duplicates = asked(*((f"long enough {number}", number % 2) for number in range(6)), ("no", 2))
    data = prepare(ENTRIES, duplicates, [], Options(min_length=4, min_duplicates=1))
    assert [entry.id for entry in data.entries] == ["a", "b"]


def test_a_split() -> None:
    entries, duplicates = list(faq_set.ENTRIES), list(faq_set.DUPLICATES)
    no_match = list(faq_set.NO_MATCH)
    options = Options(split=0.25, seed=1)
    data = prepare(entries, duplicates, no_match, options)
    assert Counter(one.entry for one in data.test) == dict.fromkeys(range(10), 2)
    assert Counter(one.entry for one in data.duplicates) == dict.fromkeys(range(10), 6)
    assert len(data.no_match_test) == 10
    assert sorted(data.no_match + data.no_match_test) == sorted(no_match)
    assert told(data)[-2:] == [
        ("to the test", "duplicates", 20, 60),
        ("to the test", "no-match questions", 10, 30),
    ]
    assert data.report[-1].option == "--split 0.25 --seed 1"
    assert prepare(entries, duplicates, no_match, options) == data
    assert prepare(entries, duplicates, no_match, Options(split=0.25, seed=2)).test != data.test


def test_a_split_does_not_put_one_text_on_both_sides() -> None:
    duplicates = asked(*((f"text {number}", number % 2) for number in [*range(9)] * 2))
    data = prepare(ENTRIES, duplicates, [], Options(split=0.5))
    texts = [one.text for one in data.test + data.duplicates]
    assert len(texts) == len(set(texts)) == 9
    kept = prepare(ENTRIES, duplicates, [], Options(split=0.5, drop_repeated=False))
    assert len(kept.test + kept.duplicates) == 18


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (Options(min_length=100), "preparation leaves 0 entries, and a FAQ needs two"),
        (Options(min_duplicates=2), "preparation leaves 1 entries"),
        (Options(min_length=5, drop_repeated=True), "preparation leaves no duplicate to train on"),
        (Options(split=0.5, min_duplicates=9), "preparation leaves 0 entries"),
    ],
)
def test_too_little_is_left(options: Options, message: str) -> None:
    entries = [*ENTRIES[:2], Entry(id="d", question="something else")]
    with pytest.raises(ConversionError, match=message):
        prepare(entries, asked(("x", 0), ("y", 0), ("z", 1)), [], options)


def test_a_faq_without_duplicates_stays_so() -> None:
    data = prepare(ENTRIES, [], [], Options(min_length=3, split=0.2))
    assert (data.entries, data.duplicates, data.test) == (ENTRIES, [], [])


@pytest.mark.parametrize("given", [{"test": asked(("x", 0))}, {"no_match_test": ["x"]}])
def test_one_test_is_enough(given: dict[str, list[Duplicate]]) -> None:
    with pytest.raises(ConversionError, match="leave out --split, or the test that is given"):
        prepare(ENTRIES, asked(("y", 0)), [], Options(split=0.5), **given)  # type: ignore[arg-type]
