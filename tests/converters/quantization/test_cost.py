import numpy as np
import pytest

from converters.export import ConversionError
from converters.quantization.cost import (
    Cost,
    measure,
    needed,
    refuse_a_poor_one,
    refuse_too_few,
)
from server.session import Probabilities

SOURCE = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.2, 0.2, 0.6], [0.5, 0.4, 0.1]], np.float32)


def changed() -> Probabilities:
    """Another first class in the last row, and another probability in the second."""
    variant = SOURCE.copy()
    variant[1] = 0.2, 0.5, 0.3
    variant[3] = 0.4, 0.5, 0.1
    return variant


def test_figures_are_counted_by_hand() -> None:
    cost = measure(SOURCE, changed())
    assert (cost.pictures, cost.agreed) == (4, 3)
    assert cost.change == pytest.approx((0.1 + 0.1) / 4, abs=1e-6)
    assert cost.figures() == {
        "top1_agreement": 0.75,
        "mean_top_probability_change": pytest.approx(0.05, abs=1e-6),
        "evaluated_pictures": 4,
    }
    assert measure(SOURCE, SOURCE) == Cost(4, 4, 0.0)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_overflows_is_refused(value: float) -> None:
    variant = SOURCE.copy()
    variant[2, 0] = value
    with pytest.raises(ConversionError, match="overflow; nothing was written"):
        measure(SOURCE, variant)


def test_a_poor_one_is_refused_with_its_figures() -> None:
    cost = measure(SOURCE, changed())
    refuse_a_poor_one(cost, 0.75)
    with pytest.raises(ConversionError, match=r"3 of 4 pictures \(0\.750\).* 0\.8 .*by 0\.050 "):
        refuse_a_poor_one(cost, 0.8)


@pytest.mark.parametrize(("least", "pictures"), [(0.5, 2), (0.9, 10), (0.95, 20), (0.99, 100)])
def test_one_miss_among_the_needed_pictures_is_allowed(least: float, pictures: int) -> None:
    assert needed(least) == pictures
    refuse_a_poor_one(Cost(pictures, pictures - 1, 0), least)


def test_too_few_pictures_are_refused_with_how_many_are_needed() -> None:
    refuse_too_few(40, 0.95, calibrating=True)
    refuse_too_few(20, 0.95, calibrating=False)
    with pytest.raises(ConversionError, match=r"there are 39 .* 40 are needed, half of them to"):
        refuse_too_few(39, 0.95, calibrating=True)
    with pytest.raises(ConversionError, match=r"there are 19 .* 20 are needed: add some"):
        refuse_too_few(19, 0.95, calibrating=False)
