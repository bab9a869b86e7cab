import numpy as np
import pytest

from converters.faq.model import FaqClassifier
from converters.faq.samples import ADVERSARIAL, BATCH, samples
from server.contract import FaqContract
from server.tokenizer import MAX_TERMS
from tests import faq_set, tiny

TEXTS = [one.text for one in faq_set.DUPLICATES] + list(faq_set.NO_MATCH)


@pytest.fixture(scope="module")
def contract(model: FaqClassifier) -> FaqContract:
    return tiny.faq_contract(vocabulary=model.vocabulary, entries=faq_set.ENTRIES)


def test_every_text_comes_in_a_batch_and_the_first_alone(
    model: FaqClassifier, contract: FaqContract
) -> None:
    found = list(samples(model, contract, TEXTS, seed=0))
    lengths = [len(expected) for _, expected in found]
    single = len(ADVERSARIAL) + 100
    assert lengths[:single] == [1] * single
    assert set(lengths[single:-1]) == {BATCH}
    assert sum(lengths[single:]) == len(ADVERSARIAL) + len(TEXTS)
    batched = np.concatenate([expected for _, expected in found[single:]])
    wanted = model.predict_proba([*TEXTS, *ADVERSARIAL]).astype(np.float32)
    order = np.random.default_rng(0).permutation(len(wanted))
    np.testing.assert_allclose(batched, wanted[order], atol=1e-7)


def test_inputs_fit_the_graph(model: FaqClassifier, contract: FaqContract) -> None:
    padding = len(model.vocabulary.terms)
    for feeds, expected in samples(model, contract, TEXTS, seed=0):
        indices, counts = feeds["indices"], feeds["counts"]
        assert indices.dtype == np.int64
        assert counts.dtype == expected.dtype == np.float32
        assert indices.shape == counts.shape
        assert expected.shape == (len(indices), len(faq_set.ENTRIES))
        np.testing.assert_array_equal(indices == padding, counts == 0)


def test_the_seed_mixes_the_batches(model: FaqClassifier, contract: FaqContract) -> None:
    first, again, other = (
        [feeds["indices"] for feeds, _ in samples(model, contract, TEXTS, seed)]
        for seed in (1, 1, 2)
    )
    assert all(map(np.array_equal, first, again))
    assert not all(map(np.array_equal, first, other))


def test_of_many_texts_a_part_is_taken(model: FaqClassifier, contract: FaqContract) -> None:
    """As many as the entries allow, at least 100, drawn from all of them."""
    for most, kept in ((len(faq_set.ENTRIES) * 110, 110), (1, 100)):
        rows = [len(expected) for _, expected in samples(model, contract, TEXTS, seed=0, most=most)]
        single = len(ADVERSARIAL) + 100
        assert sum(rows[single:]) == len(ADVERSARIAL) + kept
        assert rows[:single] == [1] * single


def test_tokens_are_given_to_models_with_an_encoder(model: FaqClassifier) -> None:
    contract = tiny.faq_contract(
        vocabulary=model.vocabulary, entries=faq_set.ENTRIES, subwords=tiny.SUBWORDS
    )
    for feeds, expected in samples(model, contract, TEXTS[:5], seed=0):
        assert feeds["tokens"].dtype == np.int64
        assert len(feeds["tokens"]) == len(expected)


def test_without_texts_the_adversarial_ones_remain(
    model: FaqClassifier, contract: FaqContract
) -> None:
    found = samples(model, contract, [], seed=0)
    assert sum(len(expected) for _, expected in found) == 2 * len(ADVERSARIAL)


@pytest.mark.parametrize(
    "special",
    ["İ", "Σ ", "\u0301", "ß", "\U0001f600", "\0", "\u200d", "\ufeff", "\u2028", "日", "ي", "ﬁ"],
)
def test_adversarial_texts_have_what_breaks_others(special: str) -> None:
    assert any(special in text for text in ADVERSARIAL)


def test_adversarial_texts_are_empty_short_and_long() -> None:
    lengths = [len(text) for text in ADVERSARIAL]
    assert len(set(ADVERSARIAL)) == len(ADVERSARIAL)
    assert {0, 1} <= set(lengths)
    assert sum(length >= 4000 for length in lengths) >= 3
    assert "" in {text.strip() for text in ADVERSARIAL if text}


def test_an_adversarial_text_has_many_terms() -> None:
    assert max(len(set(text)) for text in ADVERSARIAL) > MAX_TERMS
