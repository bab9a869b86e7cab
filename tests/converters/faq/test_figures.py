import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converters.faq.answers import Answers
from converters.faq.figures import Outcomes, figures, matched_curve

# Three duplicates with the right entry first, second and last; then two questions without an entry.
OUTCOMES = Outcomes(np.array([1, 2, 4, 0, 0]), np.array([0.8, 0.5, 0.4, 0.2, 0.6]))
DUPLICATES = Outcomes(OUTCOMES.ranks[:3], OUTCOMES.best[:3])


def test_every_figure_by_hand() -> None:
    # Matched at 0.45: the first (right), the second (wrong) and the last (no entry).
    # With five questions each has a bin of its own, so the error is their mean distance.
    assert figures(OUTCOMES, threshold=0.45) == pytest.approx(
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
            "recall_at_95_precision": 1 / 3,
            "threshold_at_95_precision": 0.8,
            "no_match_precision": 1 / 2,
            "no_match_recall": 1 / 2,
            "test_duplicates": 3,
            "test_no_match": 2,
        }
    )


def test_a_question_at_the_threshold_is_matched() -> None:
    found = figures(OUTCOMES, threshold=0.8)
    assert (found["matched_precision"], found["matched_recall"]) == (1, 1 / 3)
    assert (found["no_match_precision"], found["no_match_recall"]) == (2 / 4, 1)


def test_figures_about_nothing_are_left_out() -> None:
    all_matched = figures(OUTCOMES, threshold=0.0)
    assert "no_match_precision" not in all_matched
    assert all_matched["no_match_recall"] == 0
    none_matched = figures(OUTCOMES, threshold=1.0)
    assert "matched_precision" not in none_matched
    assert (none_matched["matched_recall"], none_matched["no_match_recall"]) == (0, 1)
    duplicates_alone = figures(DUPLICATES, threshold=0.45)
    assert not {"no_match_recall", "no_match_precision"} & set(duplicates_alone)
    assert duplicates_alone["ece"] == duplicates_alone["ece_duplicates"]
    assert duplicates_alone["matched_precision"] == 1 / 2


def test_a_precision_that_no_threshold_has() -> None:
    found = figures(Outcomes(np.array([2, 1]), np.array([0.9, 0.5])), threshold=0.5)
    assert found["recall_at_95_precision"] == 0
    assert "threshold_at_95_precision" not in found


def test_equal_probabilities_are_matched_together() -> None:
    # A threshold between the second and the third would be precise, but they are equal.
    outcomes = Outcomes(np.array([1, 1, 2, 1]), np.array([0.9, 0.5, 0.5, 0.1]))
    found = figures(outcomes, threshold=0.5)
    assert found["recall_at_95_precision"] == 1 / 4
    assert found["threshold_at_95_precision"] == 0.9
    ranks, best = outcomes.ordered()
    precision, recall, first = matched_curve(ranks[np.newaxis], best[np.newaxis])
    assert best[first[0]].tolist() == [0.1, 0.5, 0.9]
    assert precision[first].tolist() == [3 / 4, 2 / 3, 1]
    assert recall[first].tolist() == [3 / 4, 1 / 2, 1 / 4]


def test_the_error_of_a_liar_and_of_an_honest_one() -> None:
    rng = np.random.default_rng(0)
    best = rng.random(50_000)

    def error(right: npt.NDArray[np.bool_]) -> float:
        return figures(Outcomes(np.where(right, 1, 2), best), 0.5)["ece"]

    assert error(rng.random(50_000) < best) < 0.015
    assert error(rng.random(50_000) < best / 2) == pytest.approx(0.25, abs=0.01)


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
    found: dict[str, float] = {
        f"accuracy_at_{k}": sum(place <= k for place in places) / count for k in (1, 2, 3)
    }
    found |= {
        "mrr": sum(1 / place for place in places) / count,
        "mean_rank": sum(places) / count,
        "ece": slow_error(best, right),
        "ece_duplicates": slow_error(best[:count], right[:count]),
        "matched_recall": sum(map(all, zip(matched, right, strict=True))) / count,
        "test_duplicates": count,
        "test_no_match": len(no_match),
    }
    found |= slow_choice(best, right, count)
    if any(matched):
        found["matched_precision"] = sum(right[i] for i in range(total) if matched[i]) / sum(
            matched
        )
    if no_match:
        unmatched = [i for i in range(total) if not matched[i]]
        found["no_match_recall"] = sum(i >= count for i in unmatched) / len(no_match)
        if unmatched:
            found["no_match_precision"] = sum(i >= count for i in unmatched) / len(unmatched)
    return found


def slow_choice(best: list[float], right: list[bool], count: int) -> dict[str, float]:
    found: dict[str, float] = {"recall_at_95_precision": 0}
    for bar in sorted(best):
        above = [one for value, one in zip(best, right, strict=True) if value >= bar]
        recall = sum(above) / count
        if sum(above) >= 0.95 * len(above) and recall > found["recall_at_95_precision"]:
            found = {"recall_at_95_precision": recall, "threshold_at_95_precision": bar}
    return found


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
    answers = Answers.of([""] * (asked + unanswered), own, [np.array(duplicates + no_match)])
    found = figures(answers.outcomes, bar / 8)
    assert found == pytest.approx(slow_figures(duplicates, own, no_match, bar / 8))
