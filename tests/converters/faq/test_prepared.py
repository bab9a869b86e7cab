from converters.faq.data import Duplicate
from converters.faq.prepared import Prepared
from converters.faq.steps import Step
from server.contract import Entry

ENTRIES = [Entry(id=name, question=f"{name}?") for name in "abc"]
DATA = Prepared(
    ENTRIES,
    [Duplicate("a1", 0, "1"), Duplicate("b1", 1, "2"), Duplicate("c1", 2, "3")],
    [Duplicate("b2", 1), Duplicate("c2", 2)],
    ["x"],
    [],
)


def test_entries_fall_with_their_questions() -> None:
    data = DATA.keep_entries([2, 0], "gone", "--gone", to_no_match=False)
    assert [entry.id for entry in data.entries] == ["a", "c"]
    assert data.duplicates == [Duplicate("a1", 0), Duplicate("c1", 1)]
    assert [one.id for one in data.duplicates] == ["1", "3"]
    assert data.test == [Duplicate("c2", 1)]
    assert (data.no_match, data.no_match_test) == (["x"], [])
    assert data.report == (
        Step("gone", "entries", 1, 2, ("b?",), "--gone"),
        Step("of those entries: dropped", "duplicates", 1, 2, ("b1",), "--gone"),
        Step("of those entries: dropped", "test duplicates", 1, 1, ("b2",), "--gone"),
    )


def test_their_questions_can_be_kept_as_such_without_an_entry() -> None:
    data = DATA.keep_entries([0, 2], "gone", "--gone", to_no_match=True)
    assert data.no_match == ["x", "b?", "b1"]
    assert data.no_match_test == ["b2"]
    assert data.report[1].name == "of those entries: to the no-match questions"


def test_keeping_duplicates_and_questions() -> None:
    data = DATA.keep_duplicates(lambda text: text > "b", "small", "--n")
    assert data.duplicates == [Duplicate("b1", 1), Duplicate("c1", 2)]
    data = data.keep_no_match(lambda text: False, "all", "--n")
    assert data.no_match == []
    assert data.report == (
        Step("small", "duplicates", 1, 2, ("a1",), "--n"),
        Step("all", "no-match questions", 1, 0, ("x",), "--n"),
    )
    assert DATA.report == ()


def test_a_step_with_nothing_to_do_is_not_told() -> None:
    assert DATA.reported(Step("x", "y", 0, 0)).report == ()
    assert len(DATA.reported(Step("x", "y", 0, 3)).report) == 1
