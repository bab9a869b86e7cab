import numpy as np
import pytest

from converters.report.calibration import BINS, calibration_bins, calibration_errors


def test_bins_have_equal_mass() -> None:
    best = np.arange(25)[::-1] / 25
    right = best > 0.5
    bins = calibration_bins(best, right)
    assert [count for *_, count in bins] == [3] * 5 + [2] * 5
    np.testing.assert_allclose(bins[0], (1 / 25, 0, 3))
    np.testing.assert_allclose(bins[-1], (23.5 / 25, 1, 2))


def test_the_error_is_the_mean_distance_of_the_bins() -> None:
    best = np.sort(np.random.default_rng(0).random(95))
    right = np.random.default_rng(1).random(95) < best
    bins = calibration_bins(best, right)
    by_hand = sum(abs(said - true) * count for said, true, count in bins) / 95
    assert calibration_errors((best - right)[np.newaxis]) == pytest.approx([by_hand])


def test_every_set_has_its_error() -> None:
    gaps = np.array([[0.5, 0.5, 0.5], [0.0, -0.25, 0.25]])
    assert calibration_errors(gaps).tolist() == pytest.approx([0.5, 0.5 / 3])
    assert calibration_errors(np.zeros((2, 0))).tolist() == [0, 0]
    assert BINS == 10
