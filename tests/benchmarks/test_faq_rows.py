from benchmarks.faq_rows import classic
from benchmarks.faq_sets import QuestionSet


def test_more_trees_cost_more_and_know_more(tiny: QuestionSet) -> None:
    rows = list(classic(tiny, [1, 40], minutes=5))
    assert [row["trees"] for row in rows] == [1, 40]
    for name in ("seconds", "bytes"):
        assert rows[0][name] < rows[1][name]
    assert rows[0]["accuracy_at_1"][0] < rows[1]["accuracy_at_1"][0]
    assert rows[0]["mean_rank"][0] > rows[1]["mean_rank"][0] >= 1
    assert rows[1]["accuracy_at_1"][0] <= rows[1]["accuracy_at_3"][0] <= 1


def test_a_fit_ends_when_its_time_is_over(tiny: QuestionSet) -> None:
    assert [row["trees"] for row in classic(tiny, [1, 5000], minutes=0)] == [1]
