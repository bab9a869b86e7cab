"""The calibration of FAQs without duplicates: what it has to be whatever its numbers are."""

import numpy as np
import pytest

from converters.faq.defaults import default


@pytest.mark.parametrize("encoder", [False, True])
def test_the_nearer_the_best_entry_the_surer(encoder: bool) -> None:
    calibration, threshold = default(encoder)
    assert 0 < threshold < 1
    best = np.linspace(-1, 1, 9)
    others = np.full((9, 20), -1.0)
    found = calibration.probabilities(np.column_stack([best, others])).max(axis=1)
    assert (np.diff(found) > 0).all()
    assert found[0] < threshold < found[-1]
