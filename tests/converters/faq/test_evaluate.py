import numpy as np
import pytest
from rich.console import Console

from converters.faq.evaluate import evaluate, table
from converters.faq.figures import Outcomes, figures
from converters.report.intervals import Figure

COUNTS = {"test_duplicates", "test_no_match"}


def outcomes(asked: int, unanswered: int, seed: int = 0, *, overconfident: float = 0) -> Outcomes:
    """A model's that is right in three of four duplicates, and calibrated, or less."""
    rng = np.random.default_rng(seed)
    sure = rng.beta(3, 1, asked)
    ranks = np.where(rng.random(asked) < sure - overconfident, 1, rng.integers(2, 9, asked))
    return Outcomes(
        np.concatenate([ranks, np.zeros(unanswered, np.int64)]),
        np.concatenate([sure, rng.beta(1, 5, unanswered)]).astype(np.float32),
    )


def test_every_figure_has_its_interval() -> None:
    asked = outcomes(300, 100)
    found = evaluate(asked, 0.5)
    assert {name: one.value for name, one in found.items()} == figures(asked, 0.5)
    for name, (value, low, high) in found.items():
        if name in COUNTS:
            assert low == value == high
        else:
            assert low <= value <= high, name
            assert high > low, name


def test_the_interval_of_a_share_is_the_known_one() -> None:
    value, low, high = evaluate(outcomes(2000, 0), 0.5)["accuracy_at_1"]
    spread = 1.96 * (value * (1 - value) / 2000) ** 0.5
    assert (low, high) == pytest.approx((value - spread, value + spread), abs=0.004)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """The calibration error's too, though what is measured lies above the truth."""
    held = {"accuracy_at_1": 0, "ece": 0, "matched_recall": 0}
    # Of questions with the probability x (density 3 x x), a share of x - 0.06 is right.
    truth = {"accuracy_at_1": 0.69, "ece": 0.06, "matched_recall": 0.6506}
    for seed in range(60):
        found = evaluate(outcomes(250, 0, seed, overconfident=0.06), 0.5, seed)
        for name, true in truth.items():
            held[name] += found[name].low <= true <= found[name].high
    assert min(held.values()) >= 50  # of 60; 57 are to be expected


def test_the_seed_decides() -> None:
    asked = outcomes(100, 30)
    assert evaluate(asked, 0.5, 1) == evaluate(asked, 0.5, 1) != evaluate(asked, 0.5, 2)


def test_the_order_of_the_questions_does_not_matter() -> None:
    asked = outcomes(100, 30)
    order = np.random.default_rng(1).permutation(130)
    mixed = evaluate(Outcomes(asked.ranks[order], asked.best[order]), 0.5)
    assert mixed == evaluate(asked, 0.5)


def test_one_question() -> None:
    found = evaluate(Outcomes(np.array([1]), np.array([0.75])), 0.5)
    assert found["accuracy_at_1"] == Figure(1, 1, 1)
    assert found["ece"] == Figure(0.25, 0.25, 0.25)


def test_a_figure_that_some_resamples_lack() -> None:
    """One of three questions is matched: resamples without it say nothing of its precision."""
    found = evaluate(Outcomes(np.array([1, 2, 2]), np.array([0.75, 0.25, 0.125])), 0.5)
    assert found["matched_precision"] == Figure(1, 1, 1)
    assert found["matched_recall"].high > found["matched_recall"].low


def test_the_table_says_what_every_figure_means() -> None:
    found = evaluate(outcomes(30, 20), 0.5)
    console = Console(width=120)
    with console.capture() as captured:
        console.print(table(found))
    rows = {line.split()[1]: line for line in captured.get().splitlines() if line.startswith("│")}
    assert set(found) <= set(rows)
    value, low, high = found["accuracy_at_1"]
    assert f"│ {value:.3f} │ {low:.3f} to {high:.3f}" in rows["accuracy_at_1"]
    assert "the right entry comes first" in rows["accuracy_at_1"]
    assert [cell.strip() for cell in rows["test_duplicates"].split("│")[2:4]] == ["30", ""]
