import struct
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from converters.classify import plots
from converters.classify.looking import Seen
from tests import picture_set
from tests.picture_set import seen

LABELS = picture_set.labels([f"class {number}" for number in range(30)])


def many(classes: int = 30) -> Seen:
    """Two pictures of each class, of which every third is wrong."""
    right = np.repeat(np.arange(classes), 2)
    said = np.where(np.arange(len(right)) % 3, right, (right + 1) % classes)
    rows = np.full((len(right), classes), 0.2 / classes)
    rows[np.arange(len(right)), said] += 0.8
    return seen(right.tolist(), rows.tolist())


def test_the_plots_are_a_png(tmp_path: Path) -> None:
    path = tmp_path / "plots.png"
    plots.png(path, many(), LABELS)
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", content[16:24]) == (1200, 540)


@pytest.mark.parametrize("given", [many(), many(2), seen([0], [[1.0, 0.0]])])
def test_each_is_an_svg_element(given: Seen) -> None:
    made = plots.svgs(given, LABELS)
    assert len(made) == 2
    for text in made.values():
        root = ElementTree.fromstring(text)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert "image" not in text  # no raster
    assert made == plots.svgs(given, LABELS)


def test_pairs_most_confused_stand_side_by_side() -> None:
    rows = np.eye(6)[[0, 1, 4, 4, 4, 5]]
    given = seen([0, 1, 3, 3, 4, 2], rows.tolist())
    # 3 was taken for 4 twice, 2 for 5 once; then those that occur.
    assert plots._most_confused(given) == [3, 4, 2, 5, 0, 1]
    counts = plots._counts(given, [3, 4, 2], [3, 4, 2])
    assert counts.tolist() == [[0, 2, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]]


def test_only_classes_that_occur_are_rows() -> None:
    given = seen([0, 1], np.eye(3)[[2, 1]].tolist())
    text = next(iter(plots.svgs(given, LABELS).values()))
    shown = [each.strip() for each in ElementTree.fromstring(text).itertext()]
    assert [shown.count(f"class {number}") for number in range(3)] == [2, 2, 1]


def test_no_more_classes_than_can_be_read() -> None:
    assert len(plots._most_confused(many())) == plots._SHOWN


def test_names_are_shown_as_they_are() -> None:
    hostile = ("<script>alert(1)</script>", "$\\frac{", "a\x00b\x1b[31m", "\u732b" * 40, "-->")
    given = seen([0, 1, 2, 3, 4], np.eye(5)[[1, 2, 3, 4, 0]].tolist())
    made = plots.svgs(given, picture_set.labels(hostile))
    for text in made.values():
        assert "<script" not in text
        assert "\x1b" not in text
    shown = "".join(ElementTree.fromstring(next(iter(made.values()))).itertext())
    for name in ("<script>alert(1)<…", "$\\frac{", "a b [31m", "\u732b" * 17 + "…", "-->"):
        assert name in shown
