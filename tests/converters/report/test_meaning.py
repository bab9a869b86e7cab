import pytest

from converters.report.meaning import Meaning


@pytest.mark.parametrize(
    ("meaning", "value", "shown"),
    [
        (Meaning("Accuracy", "a share"), 0.5678, "56.8 %"),
        (Meaning("Mean rank", "a number", "number"), 8.38049, "8.380"),
        (Meaning("Asked", "a count", "count"), 12345.0, "12,345"),
    ],
)
def test_values_as_people_read_them(meaning: Meaning, value: float, shown: str) -> None:
    assert meaning.shown(value) == shown


def test_the_unit_can_be_left_out() -> None:
    assert Meaning("Accuracy", "a share").shown(0.5, unit="") == "50.0"
    assert Meaning("Mean rank", "a number", "number").shown(0.5, unit="") == "0.500"
