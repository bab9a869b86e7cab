import numpy as np
import pytest

from converters.classify.figures import evaluate
from converters.classify.looking import Unreadable
from converters.classify.meanings import MEANINGS
from converters.report.intervals import Figure
from tests.picture_set import seen

ROWS = [
    [0.5, 0.2, 0.1, 0.1, 0.06, 0.04],
    [0.7, 0.1, 0.08, 0.06, 0.05, 0.01],
    [0.2, 0.3, 0.25, 0.15, 0.06, 0.04],
]


def test_every_figure_by_hand() -> None:
    found = evaluate(seen([0, 5, 2], ROWS, unreadable=[Unreadable("x", "why")]), classes=6)
    assert {name: figure.value for name, figure in found.items()} == pytest.approx(
        {
            "top_1": 1 / 3,
            "top_5": 2 / 3,
            "right_probability": (0.5 + 0.01 + 0.25) / 3,
            # With three pictures each has a bin of its own.
            "ece": (0.5 + 0.7 + 0.3) / 3,
            "decode_ms": 1.5,
            "run_ms": 4,
            "pictures": 3,
            "unreadable": 1,
        }
    )
    assert set(found) == set(MEANINGS)
    for name, (value, low, high) in found.items():
        assert low <= value <= high
        assert (low < high) == (name not in ("pictures", "unreadable")), name


def test_five_classes_have_no_top_5() -> None:
    rows = [row[:5] for row in ROWS]
    assert "top_5" not in evaluate(seen([0, 1, 2], rows), classes=5)


def test_the_interval_of_a_share_is_the_known_one() -> None:
    rng = np.random.default_rng(0)
    sure = rng.uniform(0.5, 1, 2000)
    right = (rng.random(2000) > sure).astype(int).tolist()  # calibrated
    many = seen(right, np.column_stack([sure, 1 - sure]).tolist())
    found = evaluate(many, classes=2)
    value, low, high = found["top_1"]
    spread = 1.96 * (value * (1 - value) / 2000) ** 0.5
    assert (low, high) == pytest.approx((value - spread, value + spread), abs=0.004)
    assert found["ece"].value < 0.04


def test_the_seed_decides_and_the_order_does_not_matter() -> None:
    given = seen([0, 5, 2], ROWS)
    assert evaluate(given, 6, 1) == evaluate(given, 6, 1)
    rng = np.random.default_rng(0)
    rows = rng.dirichlet([0.5] * 6, 60)
    right = rng.integers(0, 6, 60)
    order = rng.permutation(60)
    one = evaluate(seen(right.tolist(), rows.tolist()), 6)
    other = evaluate(seen(right[order].tolist(), rows[order].tolist()), 6)
    for name in ("top_1", "top_5", "right_probability", "ece"):
        assert one[name] == pytest.approx(other[name])
    assert evaluate(seen(right.tolist(), rows.tolist()), 6, 1)["top_1"] != one["top_1"]


def test_one_picture() -> None:
    found = evaluate(seen([0], [[0.75, 0.25]]), classes=2)
    assert found["top_1"] == Figure(1, 1, 1)
    assert found["ece"] == Figure(0.25, 0.25, 0.25)
