"""The calibration of FAQs without duplicates: what it has to be whatever its numbers are."""

import numpy as np
import pytest

from converters.faq.defaults import default
from converters.faq.model import Size

SIZES = {"small": Size(100, 200), "large": Size(100_000, 300_000)}


@pytest.mark.parametrize("encoder", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_the_nearer_the_best_entry_the_surer(size: str, encoder: bool) -> None:
    calibration, threshold = default(SIZES[size], encoder)
    assert 0 < threshold < 1
    least = 0 if size == "large" else -1  # cosines and margins
    best = np.linspace(least, 1, 9)
    others = np.full((9, 20), least)
    found = calibration.probabilities(np.column_stack([best, others])).max(axis=1)
    assert (np.diff(found) >= 0).all()
    assert found[0] < threshold < found[-1]
