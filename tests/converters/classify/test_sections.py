from converters.classify.looking import Unreadable
from converters.classify.sections import CLASSES, of_class, sections
from converters.report.section import Cell, Section
from tests import picture_set
from tests.picture_set import seen

LABELS = picture_set.labels(("dark", "bright", "grey"))
ROWS = [[0.6, 0.3, 0.1], [0.7, 0.2, 0.1], [0.1, 0.5, 0.4]]


def texts(section: Section) -> list[list[str | tuple[str, ...]]]:
    return [[cell.items or cell.text for cell in row] for row in section.rows]


def test_every_table() -> None:
    given = seen([0, 1, 2], ROWS, unreadable=[Unreadable("x.png", "It is cut.")])
    confused, classes, unreadable = sections(given, LABELS)
    assert texts(confused) == [
        ["1", "bright", "dark", ("1.png",)],
        ["1", "grey", "bright", ("2.png",)],
    ]
    assert texts(classes) == [
        ["bright", "0 of 1", "1", "20.0 %", ("dark",)],
        ["grey", "0 of 1", "1", "40.0 %", ("bright",)],
        ["dark", "1 of 1", "1", "60.0 %", ""],
    ]
    assert texts(unreadable) == [["x.png", "It is cut."]]
    for section in (confused, classes, unreadable):
        assert all(len(row) == len(section.headers) for row in section.rows)


def test_what_there_is_nothing_for_is_left_out() -> None:
    assert [one.id for one in sections(seen([0], ROWS[:1]), LABELS)] == ["confused", "classes"]


def test_a_class_has_its_id() -> None:
    assert of_class(LABELS[1]) == Cell("bright", note="n1")


def test_very_many_classes_are_cut() -> None:
    count = CLASSES + 1
    rows = [[1.0] + [0.0] * (count - 1)] * count
    _, classes = sections(seen(range(count), rows), picture_set.labels(["x"] * count))
    assert (classes.total, len(classes.rows)) == (count, CLASSES)
