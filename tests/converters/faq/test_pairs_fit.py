from collections import Counter

import numpy as np
import pytest

from converters.export import ConversionError
from converters.faq.pairs_fit import PAIRS, _draw, _learn, fit
from tests import faq_set

ENTRIES, DUPLICATES = faq_set.ENTRIES, faq_set.DUPLICATES
ENOUGH = DUPLICATES * 4  # for leaves of 20 pairs


def test_a_duplicate_is_paired_with_its_entry_and_others() -> None:
    labels = [3, 0, 39, 3]
    rows, columns = _draw(labels, entries=40, seed=0)
    assert Counter(rows.tolist()) == dict.fromkeys(range(4), PAIRS)
    for row, label in enumerate(labels):
        drawn = columns[rows == row].tolist()
        assert len(set(drawn)) == PAIRS
        assert label in drawn
        assert set(drawn) <= set(range(40))
    assert (_draw(labels, entries=40, seed=1)[1] != columns).any()


@pytest.mark.parametrize(("entries", "others"), [(2, 1), (3, 1), (PAIRS, 9), (2 * PAIRS, 19)])
def test_of_few_entries_half_are_drawn(entries: int, others: int) -> None:
    rows, columns = _draw([0, entries - 1], entries, seed=0)
    for row in (0, 1):
        assert len(set(columns[rows == row].tolist())) == 1 + others


def test_features_are_those_of_the_usual_vectorizer() -> None:
    """As the recipe has it: fitted on the texts of all pairs."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = [one.text for one in DUPLICATES]
    pairs = np.array([0, 0, 0, *range(len(texts)), 5, 5])
    pipeline, found = _learn(texts, pairs)
    usual = TfidfVectorizer().fit([texts[number] for number in pairs])
    assert list(pipeline[0].vocabulary_.terms) == usual.get_feature_names_out().tolist()
    np.testing.assert_allclose(found.toarray(), usual.transform(texts).toarray(), atol=1e-7)
    assert found.dtype == np.float32


def test_trees_tell_pairs_apart() -> None:
    model = fit(ENTRIES, ENOUGH, trees=30)
    margins = model.margins([one.text for one in DUPLICATES])
    right = margins.argmax(axis=1) == [one.entry for one in DUPLICATES]
    assert right.mean() > 0.6
    assert model.trees == 30


def test_the_seed_decides() -> None:
    first, again, other = (
        fit(ENTRIES, ENOUGH, trees=5, seed=seed).margins(faq_set.NO_MATCH) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize("count", [0, 2])
def test_too_few_duplicates_are_refused(count: int) -> None:
    with pytest.raises(
        ConversionError, match=rf"^{count} duplicates of 10 entries .*add to --duplicates"
    ):
        fit(ENTRIES, DUPLICATES[:count], trees=3)
