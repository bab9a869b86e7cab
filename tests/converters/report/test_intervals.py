import numpy as np
import pytest
from rich.console import Console

from converters.report import intervals
from converters.report.intervals import Figure, interval, resamples, rows, table
from converters.report.meaning import Meaning

MEANINGS = {
    "accuracy": Meaning("Accuracy", "the right one comes first"),
    "error": Meaning("Error", "how far off", "number"),
    "asked": Meaning("Asked", "how many", "count"),
}
FOUND = {
    "asked": Figure(1200, 1200, 1200),
    "accuracy": Figure(0.5, 0.25, 0.75),
}
KINDS = [np.array([0, 2, 4, 6]), np.array([1, 3, 5])]


def drawn(seed: int = 0) -> np.ndarray:
    return np.concatenate([*resamples(KINDS, np.random.default_rng(seed))])


def test_a_resample_has_as_many_of_each_kind_in_order() -> None:
    made = drawn()
    assert made.shape == (intervals.RESAMPLES, 7)
    assert (np.diff(made, axis=1) >= 0).all()
    assert ((made % 2).sum(axis=1) == 3).all()
    assert np.unique(made).tolist() == list(range(7))
    # With replacement, and each as likely as another.
    shares = np.bincount(made[made % 2 == 0]) / (4 * len(made))
    assert shares[::2] == pytest.approx([0.25] * 4, abs=0.03)


def test_the_seed_decides() -> None:
    assert (drawn(1) == drawn(1)).all()
    assert (drawn(1) != drawn(2)).any()


def test_a_kind_without_rows() -> None:
    (made,) = resamples([np.arange(3), np.arange(0)], np.random.default_rng(0))
    assert made.shape == (intervals.RESAMPLES, 3)


def test_resamples_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many rows are resampled a few times at once, and as often in all."""
    monkeypatch.setattr(intervals, "_AT_ONCE", 7 * 300)
    parts = [*resamples(KINDS, np.random.default_rng(0))]
    assert [len(part) for part in parts] == [300, 300, 300, 100]
    monkeypatch.setattr(intervals, "_AT_ONCE", 1)
    assert len([*resamples(KINDS, np.random.default_rng(0))]) == intervals.RESAMPLES


def test_fewer_resamples_of_very_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = []
    for in_all in (7 * 5000, 7 * 500, 7 * 5):
        monkeypatch.setattr(intervals, "_IN_ALL", in_all)
        counts.append(len(drawn()))
    assert counts == [1000, 500, 200]


def test_an_interval_leaves_out_what_falls_outside() -> None:
    resampled = np.linspace(0, 1, 1001)
    assert interval(0.5, resampled, biased=False) == pytest.approx((0.5, 0.025, 0.975))
    assert interval(0.99, resampled, biased=False) == pytest.approx((0.99, 0.025, 0.99))
    with_nan = np.concatenate([resampled, np.full(500, np.nan)])
    assert interval(0.5, with_nan, biased=False) == pytest.approx((0.5, 0.025, 0.975))


def test_that_of_a_biased_figure_is_turned_around_it() -> None:
    resampled = np.linspace(0.2, 0.4, 1001)  # 0.205 to 0.395
    assert interval(0.25, resampled, biased=True) == pytest.approx((0.25, 0.105, 0.295))
    assert interval(0.05, resampled, biased=True) == pytest.approx((0.05, 0, 0.05))


def test_the_table_has_the_figures_that_there_are() -> None:
    console = Console(width=80)
    with console.capture() as captured:
        console.print(table(FOUND, MEANINGS))
    lines = [line for line in captured.get().splitlines() if line.startswith("│")]
    cells = [[cell.strip() for cell in line.strip("│").split("│")] for line in lines]
    assert cells == [
        ["accuracy", "0.500", "0.250 to 0.750", "the right one comes first"],
        ["asked", "1200", "", "how many"],
    ]


def test_rows_of_a_page() -> None:
    words = {"accuracy": "get it.", "error": "off.", "asked": "were asked."}
    assert [*rows(FOUND, MEANINGS, words)] == [
        ("Accuracy", "50.0 %", "25.0 to 75.0 %", "get it."),
        ("Asked", "1,200", "", "were asked."),
    ]
