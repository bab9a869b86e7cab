import struct
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.axes import Axes
from scipy.stats import binom

from converters.report import charts

BEST = np.array([0.9, 0.6, 0.7, 0.2])
RIGHT = np.array([True, False, True, False])


def named(axes: Axes) -> None:
    axes.plot([0, 1], [0, 1], color=charts.INK)
    axes.set_title("<script>alert(1)</script> --> & \u732b", parse_math=False)


def reliable(axes: Axes) -> None:
    charts.reliability(axes, BEST, RIGHT, "pictures")


def test_plots_are_one_png(tmp_path: Path) -> None:
    path = tmp_path / "plots.dat"  # the format does not depend on the name
    charts.png(path, [named, reliable], (8, 3))
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", content[16:24]) == (800, 300)


def test_an_svg_takes_the_colour_and_the_width_of_its_place() -> None:
    text = charts.svg(named)
    root = ElementTree.fromstring(text)
    assert "viewBox" in root.attrib
    assert not {"width", "height"} & set(root.attrib)
    assert "currentColor" in text
    assert charts.INK not in text
    assert text == charts.svg(named)


def test_texts_of_an_svg_stay_texts() -> None:
    text = charts.svg(named)
    assert "<script" not in text
    assert "<script>alert(1)</script> --> & \u732b" in "".join(
        ElementTree.fromstring(text).itertext()
    )


def test_the_legend_says_how_many_rows_a_bin_has() -> None:
    text = "".join(ElementTree.fromstring(charts.svg(reliable)).itertext())
    assert "4 bins (pictures: 1)" in text
    assert "share of the pictures" in text


def test_the_interval_of_a_share() -> None:
    low, high = charts.share_interval(np.array([0.5, 1.0]), 100)
    assert low.tolist() == pytest.approx([0.4, 1.0])
    assert high.tolist() == pytest.approx([0.6, 1.0])
    assert binom.cdf(60, 100, 0.5) - binom.cdf(39, 100, 0.5) == pytest.approx(0.95, abs=0.02)
