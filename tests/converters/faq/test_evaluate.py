import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from converters.faq import evaluate

# Three duplicates with the right entry first, second and last; then two questions without an entry.
DUPLICATES = np.array([[0.8, 0.1, 0.0, 0.0], [0.5, 0.4, 0.0, 0.1], [0.4, 0.3, 0.1, 0.2]])
ENTRIES = np.array([0, 1, 2])
NO_MATCH = np.array([[0.1, 0.2, 0.1, 0.1], [0.0, 0.0, 0.0, 0.6]])


def test_every_figure_by_hand() -> None:
    # Matched at 0.45: the first (right), the second (wrong) and the last (no entry).
    # With five questions each has a bin of its own, so the error is their mean distance.
    figures = evaluate.evaluate(DUPLICATES, ENTRIES, NO_MATCH, threshold=0.45)
    assert figures == pytest.approx(
        {
            "accuracy_at_1": 1 / 3,
            "accuracy_at_2": 2 / 3,
            "accuracy_at_3": 2 / 3,
            "mrr": (1 + 1 / 2 + 1 / 4) / 3,
            "mean_rank": 7 / 3,
            "ece": (0.2 + 0.5 + 0.4 + 0.2 + 0.6) / 5,
            "ece_duplicates": (0.2 + 0.5 + 0.4) / 3,
            "matched_precision": 1 / 3,
            "matched_recall": 1 / 3,
            "no_match_precision": 1 / 2,
            "no_match_recall": 1 / 2,
            "test_duplicates": 3,
            "test_no_match": 2,
        }
    )


def test_a_question_at_the_threshold_is_matched() -> None:
    figures = evaluate.evaluate(DUPLICATES, ENTRIES, NO_MATCH, threshold=0.8)
    assert (figures["matched_precision"], figures["matched_recall"]) == (1, 1 / 3)
    assert (figures["no_match_precision"], figures["no_match_recall"]) == (2 / 4, 1)


def test_figures_about_nothing_are_left_out() -> None:
    nobody = np.zeros((0, 4))
    all_matched = evaluate.evaluate(DUPLICATES, ENTRIES, NO_MATCH, threshold=0.0)
    assert "no_match_precision" not in all_matched
    assert all_matched["no_match_recall"] == 0
    none_matched = evaluate.evaluate(DUPLICATES, ENTRIES, NO_MATCH, threshold=1.0)
    assert "matched_precision" not in none_matched
    assert (none_matched["matched_recall"], none_matched["no_match_recall"]) == (0, 1)
    duplicates_alone = evaluate.evaluate(DUPLICATES, ENTRIES, nobody, threshold=0.45)
    assert not {"no_match_recall", "no_match_precision"} & set(duplicates_alone)
    assert duplicates_alone["ece"] == duplicates_alone["ece_duplicates"]
    assert duplicates_alone["matched_precision"] == 1 / 2


def test_ties_go_to_the_earlier_entry() -> None:
    probabilities = np.array([[0.3, 0.3, 0.3]] * 3)
    entries = np.array([0, 1, 2])
    assert evaluate.ranks(probabilities, entries).tolist() == [1, 2, 3]
    best, right = evaluate.best_matches(probabilities, entries, np.zeros((0, 3)))
    assert best.tolist() == [0.3, 0.3, 0.3]
    assert right.tolist() == [True, False, False]


def test_bins_have_equal_mass() -> None:
    best = np.arange(25)[::-1] / 25
    right = best > 0.5
    bins = evaluate.calibration_bins(best, right)
    assert [count for *_, count in bins] == [3] * 5 + [2] * 5
    np.testing.assert_allclose(bins[0], (1 / 25, 0, 3))
    np.testing.assert_allclose(bins[-1], (23.5 / 25, 1, 2))


def test_the_error_of_a_liar_and_of_an_honest_one() -> None:
    rng = np.random.default_rng(0)
    best = rng.random(50_000)
    honest = rng.random(50_000) < best
    assert evaluate.calibration_error(best, honest) < 0.015
    assert evaluate.calibration_error(best, rng.random(50_000) < best / 2) == pytest.approx(
        0.25, abs=0.01
    )
    assert evaluate.calibration_error(np.zeros(0), np.zeros(0, bool)) == 0


def slow_figures(
    duplicates: list[list[float]], entries: list[int], no_match: list[list[float]], bar: float
) -> dict[str, float]:
    """The same figures, question by question."""
    places = []
    for row, entry in zip(duplicates, entries, strict=True):
        order = [index for _, index in sorted((-p, index) for index, p in enumerate(row))]
        places.append(1 + order.index(entry))
    best = [max(row) for row in duplicates + no_match]
    right = [place == 1 for place in places] + [False] * len(no_match)
    matched = [value >= bar for value in best]
    count, total = len(entries), len(best)
    figures: dict[str, float] = {
        f"accuracy_at_{k}": sum(place <= k for place in places) / count for k in (1, 2, 3)
    }
    figures |= {
        "mrr": sum(1 / place for place in places) / count,
        "mean_rank": sum(places) / count,
        "ece": slow_error(best, right),
        "ece_duplicates": slow_error(best[:count], right[:count]),
        "matched_recall": sum(map(all, zip(matched, right, strict=True))) / count,
        "test_duplicates": count,
        "test_no_match": len(no_match),
    }
    if any(matched):
        figures["matched_precision"] = sum(right[i] for i in range(total) if matched[i]) / sum(
            matched
        )
    if no_match:
        unmatched = [i for i in range(total) if not matched[i]]
        figures["no_match_recall"] = sum(i >= count for i in unmatched) / len(no_match)
        if unmatched:
            figures["no_match_precision"] = sum(i >= count for i in unmatched) / len(unmatched)
    return figures


def slow_error(best: list[float], right: list[bool]) -> float:
    pairs = sorted(zip(best, right, strict=True), key=lambda pair: pair[0])
    small, larger = divmod(len(pairs), 10)
    error, start = 0.0, 0
    for number in range(10):
        part = pairs[start : start + small + (number < larger)]
        start += len(part)
        error += abs(sum(value for value, _ in part) - sum(one for _, one in part))
    return error / len(pairs)


@given(st.data(), st.integers(2, 5), st.integers(1, 25), st.integers(0, 12), st.integers(0, 8))
def test_figures_are_those_of_a_plain_computation(
    data: st.DataObject, entries: int, asked: int, unanswered: int, bar: int
) -> None:
    # Few different values, so that ties are common.
    rows = st.lists(st.sampled_from([0.0, 0.125, 0.25, 0.5]), min_size=entries, max_size=entries)
    duplicates = data.draw(st.lists(rows, min_size=asked, max_size=asked))
    no_match = data.draw(st.lists(rows, min_size=unanswered, max_size=unanswered))
    own = data.draw(st.lists(st.integers(0, entries - 1), min_size=asked, max_size=asked))
    found = evaluate.evaluate(
        np.array(duplicates), np.array(own), np.array(no_match).reshape(-1, entries), bar / 8
    )
    assert found == pytest.approx(slow_figures(duplicates, own, no_match, bar / 8))


def test_the_table_says_what_every_figure_means() -> None:
    figures = evaluate.evaluate(DUPLICATES, ENTRIES, NO_MATCH, threshold=0.45)
    console = Console(width=120)
    with console.capture() as captured:
        console.print(evaluate.table(figures))
    rows = {line.split()[1]: line for line in captured.get().splitlines() if line.startswith("│")}
    assert set(rows) == set(figures)
    assert "0.333" in rows["accuracy_at_1"]
    assert "the right entry comes first" in rows["accuracy_at_1"]
    assert rows["test_duplicates"].split("│")[2].strip() == "3"
    with console.capture() as captured:
        console.print(evaluate.table({"mrr": 0.5}))
    assert "ece" not in captured.get()


def test_the_plot_is_a_png(tmp_path: Path) -> None:
    path = tmp_path / "figures.dat"  # the format does not depend on the name
    best, right = evaluate.best_matches(DUPLICATES, ENTRIES, NO_MATCH)
    evaluate.plot(path, evaluate.ranks(DUPLICATES, ENTRIES), best, right)
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", content[16:24]) == (1200, 540)
    other = tmp_path / "other.png"
    evaluate.plot(other, evaluate.ranks(DUPLICATES, ENTRIES), best, ~right)
    assert other.read_bytes() != content
