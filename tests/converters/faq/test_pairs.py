import builtins
from typing import Any

import numpy as np
import pytest

from converters.export import ConversionError
from converters.faq.pairs import _folds, _folds_of_entries, train
from tests import faq_set

SHARE = 1 / 3
ENTRIES, DUPLICATES, NO_MATCH = faq_set.ENTRIES, faq_set.DUPLICATES, faq_set.NO_MATCH
ENOUGH = DUPLICATES * 4  # for leaves of 20 pairs


@pytest.mark.parametrize("no_match", [NO_MATCH, ()], ids=["no-match", "without"])
def test_the_recipe_learns_and_is_calibrated(no_match: tuple[str, ...]) -> None:
    model, chosen = train(ENTRIES, ENOUGH, no_match, no_match_share=SHARE, seed=0, trees=30)
    found = model.predict_proba([one.text for one in DUPLICATES])
    assert (found.argmax(axis=1) == [one.entry for one in DUPLICATES]).mean() > 0.6
    assert found.sum(axis=1).max() <= 1
    assert 0 < chosen.threshold < 1
    known, unknown = found.max(axis=1).mean(), model.predict_proba(NO_MATCH).max(axis=1).mean()
    assert known > unknown


def test_folds_ask_what_they_did_not_learn() -> None:
    folds = list(_folds(ENTRIES, DUPLICATES, np.random.default_rng(0)))
    assert sorted(one.text for fold in folds for one in fold.duplicates) == sorted(
        one.text for one in DUPLICATES
    )
    for fold in folds:
        assert not {one.text for one in fold.known} & {one.text for one in fold.duplicates}
        assert len(fold.known) + len(fold.duplicates) == len(DUPLICATES)


def test_folds_of_entries_ask_what_no_entry_answers() -> None:
    owner = {one.text: ENTRIES[one.entry] for one in DUPLICATES}
    folds = list(_folds_of_entries(ENTRIES, DUPLICATES, np.random.default_rng(0)))
    asked = [text for fold in folds for text in fold.no_match]
    assert sorted(asked) == sorted(owner)
    for fold in folds:
        assert not {owner[text] for text in fold.no_match} & set(fold.entries)
        for one in fold.known:
            assert owner[one.text] == fold.entries[one.entry]


@pytest.mark.parametrize("count", [1, 4])
def test_hardly_any_duplicates_are_refused(count: int) -> None:
    with pytest.raises(ConversionError, match=f"only {count} duplicates: add to --duplicates"):
        train(ENTRIES, DUPLICATES[:count], NO_MATCH, no_match_share=SHARE, seed=0, trees=3)


def test_too_few_to_calibrate_on_are_refused() -> None:
    with pytest.raises(ConversionError, match="add to --duplicates"):
        train(
            ENTRIES, faq_set.duplicates(8, each=2), NO_MATCH, no_match_share=SHARE, seed=0, trees=3
        )


@pytest.mark.parametrize("error", [ImportError("no lightgbm"), OSError("libgomp.so.1")])
def test_without_lightgbm_the_remedy_is_said(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    real = builtins.__import__

    def refuse(name: str, *arguments: Any, **named: Any) -> Any:
        if name == "lightgbm":
            raise error
        return real(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ConversionError, match=r"pip install 'rtscore\[recipes\]'"):
        train(ENTRIES, DUPLICATES, NO_MATCH, no_match_share=SHARE, seed=0, trees=3)
