import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from converters.export import ConversionError
from converters.faq.calibrate import GUARDED, SHARPER, Asked, Chosen, _choose, calibrate
from converters.faq.figures import PRECISION, Outcomes, figures
from converters.faq.model import Array

TEMPERATURE = 3.0
ENTRIES = 12
SHARE = 1 / 3


def draw(seed: int, duplicates: int, no_match: int, spread: float = 2.5) -> Asked:
    """Logits whose softmax, at TEMPERATURE, is the true chance of each entry."""
    rng = np.random.default_rng(seed)
    true = rng.normal(0, spread, (duplicates, ENTRIES))
    labels = (softmax(true, axis=1).cumsum(axis=1) < rng.random((duplicates, 1))).sum(axis=1)
    unknown = rng.normal(0, 1, (no_match, ENTRIES))
    return Asked(TEMPERATURE * true, labels, TEMPERATURE * unknown)


def thirds(asked: Asked) -> list[Asked]:
    """The same questions, as three models of a cross-validation have them."""
    return [
        Asked(asked.duplicates[part::3], asked.labels[part::3], asked.no_match[part::3])
        for part in range(3)
    ]


def test_the_temperature_is_found() -> None:
    calibration, _ = calibrate(thirds(draw(0, 6000, 600)), SHARE, seed=0)
    assert calibration.temperature == pytest.approx(SHARPER * TEMPERATURE, rel=0.05)


@pytest.mark.parametrize("share", [0.1, 1 / 3, 0.7])
def test_new_questions_get_true_probabilities_and_the_precision_aimed_at(share: float) -> None:
    calibration, chosen = calibrate([draw(1, 6000, 3000, spread=6)], share, seed=0)
    duplicates = round(20_000 * (1 - share))
    new = draw(2, duplicates, 20_000 - duplicates, spread=6)
    known = calibration.probabilities(new.duplicates)
    best = np.concatenate([known.max(axis=1), calibration.probabilities(new.no_match).max(axis=1)])
    right = np.zeros(len(best), bool)
    right[:duplicates] = known.argmax(axis=1) == new.labels
    assert figures(Outcomes(right.astype(np.int64), best), 0.5)["ece"] < 0.03
    matched = best >= chosen.threshold
    assert right[matched].mean() == pytest.approx(PRECISION, abs=0.015)
    assert PRECISION < chosen.precision < PRECISION + 0.006  # by a standard error
    assert (right & matched)[:duplicates].mean() == pytest.approx(chosen.recall, abs=0.03)
    lower = best >= 0.8 * chosen.threshold
    assert right[lower].mean() < PRECISION - 0.015


def test_the_threshold_keeps_more_out_than_probabilities_expect() -> None:
    asked = [draw(1, 2000, 500, spread=6)]
    rare, rare_chosen = calibrate(asked, GUARDED / 5, seed=0)
    usual, usual_chosen = calibrate(asked, GUARDED, seed=0)
    logits = asked[0].no_match
    surest = [one.probabilities(logits).max(axis=1) for one in (rare, usual)]
    assert (surest[0] > surest[1]).all()  # they are given for fewer of these
    left = [
        (best < chosen.threshold).mean()
        for best, chosen in zip(surest, (rare_chosen, usual_chosen), strict=True)
    ]
    assert left[0] == pytest.approx(left[1], abs=0.05)


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_questions_weigh_by_the_share_without_an_entry(share: float) -> None:
    asked = draw(3, 400, 50)
    calibration, _ = calibrate([asked], share, seed=0)
    known, unknown = (
        calibration.probabilities(part).max(axis=1).mean()
        for part in (asked.duplicates, asked.no_match)
    )
    right = (asked.duplicates.argmax(axis=1) == asked.labels).mean()
    assert (1 - share) * known + share * unknown == pytest.approx((1 - share) * right, abs=0.01)


def test_the_more_questions_have_no_entry_the_higher_is_the_bar() -> None:
    recalls = [calibrate([draw(4, 900, 300)], share, seed=0)[1].recall for share in (0.1, 0.5, 0.9)]
    assert recalls == sorted(recalls, reverse=True)
    assert recalls[0] > recalls[-1]


def test_models_with_other_entries_may_ask_the_questions_without_one() -> None:
    asked = draw(5, 200, 100)
    nobody = np.zeros((0, ENTRIES))
    parts = [
        Asked(asked.duplicates, asked.labels, nobody),
        Asked(nobody, asked.labels[:0], asked.no_match[:40, :-1]),
        Asked(nobody[:, 1:], asked.labels[:0], asked.no_match[40:, 1:]),
    ]
    calibration, chosen = calibrate(parts, SHARE, seed=0)
    assert np.isfinite([calibration.temperature, calibration.bias, *calibration.weights]).all()
    assert 0 < chosen.threshold < 1


@pytest.mark.parametrize(("duplicates", "no_match"), [(19, 20), (20, 19), (0, 50), (50, 0)])
def test_too_few_questions(duplicates: int, no_match: int) -> None:
    with pytest.raises(ConversionError) as caught:
        calibrate(thirds(draw(6, duplicates, no_match)), SHARE, seed=0)
    message = str(caught.value)
    assert message.startswith(f"there are {duplicates} duplicates and {no_match} questions")
    assert "--no-match" in message


def test_twenty_of_each_are_enough() -> None:
    calibration, _ = calibrate(thirds(draw(6, 20, 20)), SHARE, seed=0)
    assert np.isfinite(calibration.weights).all()


@pytest.mark.parametrize("wanted", [0, 1, 4, 5, 195, 196, 200])
def test_there_must_be_right_and_wrong_answers_to_learn_from(wanted: int) -> None:
    """Each of the models that measure the calibration needs some of both."""
    asked = draw(8, 200, 20)
    labels = asked.duplicates.argmax(axis=1)
    labels[wanted:] = (labels[wanted:] + 1) % ENTRIES
    parts = [Asked(asked.duplicates, labels, asked.no_match)]
    if wanted >= 5:
        calibration, _ = calibrate(parts, SHARE, seed=0)
        assert np.isfinite(calibration.weights).all()
        return
    with pytest.raises(ConversionError, match=f"right for {wanted} of 220 questions") as caught:
        calibrate(parts, SHARE, seed=0)
    assert "--no-match" in str(caught.value)


def test_where_no_threshold_reaches_the_precision_the_closest_is_taken() -> None:
    asked = draw(7, 300, 300)
    wrong = Asked(asked.duplicates, (asked.labels + 1) % ENTRIES, asked.no_match)
    _, chosen = calibrate([wrong], SHARE, seed=0)
    assert chosen.precision < PRECISION


def test_a_threshold_by_hand() -> None:
    # 199 of the first 200 are right, then none: after 6 of those the bound is no longer above 95 %.
    right = np.arange(300) < 200
    right[150] = False
    bounds = [199 / (200 + wrong) - np.sqrt(0.95 * 0.05 / (200 + wrong)) for wrong in (6, 7)]
    assert bounds[0] > 0.95 > bounds[1]
    probabilities = np.linspace(0.9, 0.1, 300)
    chosen = _choose(probabilities, right, np.ones(300, bool), np.ones(300))
    assert chosen == Chosen(threshold=probabilities[205], precision=199 / 206, recall=199 / 300)


def test_a_few_lucky_ones_set_no_threshold() -> None:
    right = np.arange(60) < 15
    chosen = _choose(np.linspace(0.9, 0.1, 60), right, np.ones(60, bool), np.ones(60))
    assert chosen.precision == 15 / 20


def test_equal_probabilities_are_matched_together() -> None:
    probabilities = np.repeat([0.9, 0.5, 0.1], [30, 20, 10])
    right = np.r_[np.ones(30, bool), np.ones(10, bool), np.zeros(20, bool)]
    chosen = _choose(probabilities, right, np.ones(60, bool), np.ones(60))
    assert chosen == Chosen(threshold=0.9, precision=1.0, recall=0.5)


def slow_choice(
    probabilities: Array,
    right: npt.NDArray[np.bool_],
    answered: npt.NDArray[np.bool_],
    weights: Array,
) -> Chosen:
    """Try every threshold, from the highest; a bound is a standard error under a precision."""
    tried = []
    for threshold in sorted(set(probabilities.tolist()), reverse=True):
        matched = probabilities >= threshold
        if matched.sum() >= 20:
            hits = weights[matched & right].sum()
            chosen = Chosen(
                threshold, hits / weights[matched].sum(), hits / weights[answered].sum()
            )
            error = np.sqrt(PRECISION * (1 - PRECISION) / matched.sum())
            tried.append((chosen.precision - error, chosen))
    reached = [one for bound, one in tried if bound >= PRECISION]
    return reached[-1] if reached else max(tried, key=lambda one: one[0])[1]


@given(
    st.lists(
        st.tuples(st.integers(1, 12), st.integers(0, 20), st.booleans()), min_size=21, max_size=80
    )
)
def test_the_choice_is_that_of_trying_every_threshold(rows: list[tuple[int, int, bool]]) -> None:
    probabilities = np.array([score / 12 for score, _, _ in rows])
    right = np.array([luck > 1 for _, luck, _ in rows])
    right[0] = True
    answered = right | np.array([known for *_, known in rows])
    weights = np.where(answered, 1.0, 2.0)
    expected = slow_choice(probabilities, right, answered, weights)
    assert _choose(probabilities, right, answered, weights) == expected
