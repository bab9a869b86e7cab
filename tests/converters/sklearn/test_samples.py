"""Texts to compare on."""

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

from converters.faq.samples import ADVERSARIAL
from converters.sklearn.samples import samples, within_limit
from server.tokenizer import MAX_TERMS
from tests.converters.sklearn.agreement import ASKED, TEXTS, Converted, fitted


def test_every_text_is_there_with_the_models_own_probabilities() -> None:
    model = fitted(CountVectorizer(), MultinomialNB())
    contract = Converted(model).contract
    texts = within_limit([*ASKED, ASKED[0]], contract)
    assert texts == [*ADVERSARIAL, *ASKED]
    order = np.array([5, 4, 3, 2, 1, 0])
    pairs = list(samples(model, order, texts, contract))
    assert sum(len(expected) == 1 for _, expected in pairs) >= 100
    assert sum(len(expected) for _, expected in pairs) == len(texts) + 100
    feeds, expected = pairs[50]
    assert feeds["indices"].shape == feeds["counts"].shape
    np.testing.assert_allclose(expected, model.predict_proba([texts[50]])[:, ::-1], atol=1e-7)


def test_texts_with_too_many_known_terms_are_left_out() -> None:
    words = [f"w{number}" for number in range(MAX_TERMS + 1)]
    model = make_pipeline(CountVectorizer(), MultinomialNB())
    model.fit([" ".join(words), "other words", *TEXTS[:1]], ["a", "b", "c"])
    contract = Converted(model).contract
    most, fewer = " ".join(words), " ".join(words[: MAX_TERMS - 1])
    assert set(within_limit([most, fewer], contract)) == {*ADVERSARIAL, fewer}
