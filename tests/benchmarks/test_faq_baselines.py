import pytest

from benchmarks.faq_baselines import METHODS
from benchmarks.faq_sets import QuestionSet


@pytest.mark.parametrize("method", METHODS)
def test_a_method_learns_to_tell_entries(tiny: QuestionSet, method: str) -> None:
    score = METHODS[method](tiny.entries, tiny.train, tiny.no_match)
    scores = score([one.text for one in tiny.test])
    assert scores.shape == (len(tiny.test), len(tiny.entries))
    right = scores.argmax(axis=1) == [one.entry for one in tiny.test]
    assert right.mean() > 0.6


@pytest.mark.parametrize("method", METHODS)
def test_a_text_without_words(tiny: QuestionSet, method: str) -> None:
    score = METHODS[method](tiny.entries, tiny.train, tiny.no_match)
    assert score(["", "?"]).shape == (2, len(tiny.entries))
