import struct
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from converters.faq import plots
from converters.faq.figures import Outcomes
from converters.report import charts

OUTCOMES = Outcomes(
    np.array([1, 2, 4, 1, 1, 0, 0]), np.array([0.8, 0.5, 0.4, 0.7, 0.3, 0.2, 0.6], np.float32)
)
ONE = Outcomes(np.array([1]), np.array([1.0]))


def test_the_plots_are_a_png(tmp_path: Path) -> None:
    path = tmp_path / "figures.dat"  # the format does not depend on the name
    plots.png(path, OUTCOMES, 0.45)
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", content[16:24]) == (1500, 480)
    other = tmp_path / "other.png"
    plots.png(other, OUTCOMES, 0.75)  # where the threshold is can be seen
    assert other.read_bytes() != content


@pytest.mark.parametrize("outcomes", [OUTCOMES, ONE])
def test_each_is_an_svg_element(outcomes: Outcomes) -> None:
    made = plots.svgs(outcomes, 0.45)
    assert len(made) == 3
    for title, text in made.items():
        root = ElementTree.fromstring(text)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert "viewBox" in root.attrib
        assert not {"width", "height"} & set(root.attrib)
        assert title in "".join(root.itertext())
        assert "currentColor" in text
        assert charts.INK not in text
    assert made == plots.svgs(outcomes, 0.45)


def test_the_legend_says_how_many_questions_a_bin_has() -> None:
    text = plots.svgs(OUTCOMES, 0.45)["Reliability of the best match"]
    assert "7 bins (questions: 1)" in text


def test_the_threshold_is_named() -> None:
    assert "the file's threshold, 0.45" in plots.svgs(OUTCOMES, 0.45)["Matched, by threshold"]


def test_the_curves_are_those_of_every_threshold() -> None:
    bars, precision, recall = plots._thresholds(OUTCOMES)
    assert bars.tolist() == pytest.approx(sorted(OUTCOMES.best.tolist()))
    for bar, precise, recalled in zip(bars, precision, recall, strict=True):
        matched = OUTCOMES.best.astype(float) >= bar
        right = OUTCOMES.ranks[matched] == 1
        assert precise == pytest.approx(right.mean())
        assert recalled == pytest.approx(right.sum() / 5)


def test_a_curve_of_very_many_questions_stays_small() -> None:
    best = np.linspace(0.1, 0.9, 50_000)
    bars, precision, recall = plots._thresholds(Outcomes(np.ones(50_000, np.int64), best))
    assert len(bars) == len(precision) == len(recall) == plots._POINTS
    assert (bars[0], bars[-1]) == (best[0], best[-1])
    assert (np.diff(bars) > 0).all()
    assert len(plots.svgs(Outcomes(np.ones(50_000, np.int64), best), 0.5)) == 3
