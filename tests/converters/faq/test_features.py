import itertools
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer

from converters.export import ConversionError
from converters.faq.features import KindTfidf, TermCounter, to_matrix, tokenizer_of
from converters.faq.samples import ADVERSARIAL
from server.tokenizer import Tokenizer, Vocabulary
from tests import faq_set

TEXTS = [one.text for one in faq_set.DUPLICATES] + list(ADVERSARIAL[:-6])
SETTINGS: list[dict[str, Any]] = [
    {},
    {"lowercase": False},
    {"token_pattern": r"\w+|[^\w\s]+"},
    {"token_pattern": r"(\w)\w+"},
    {"ngram_range": (1, 3)},
    {"ngram_range": (2, 2), "stop_words": "english"},
    {"stop_words": ["the", "How"]},
    {"strip_accents": "unicode"},
    {"strip_accents": "ascii", "lowercase": False},
    {"analyzer": "char_wb", "ngram_range": (2, 4)},
    {"analyzer": "char_wb", "ngram_range": (1, 1)},
]
named = pytest.mark.parametrize("settings", SETTINGS, ids=str)


@named
def test_counts_are_those_of_scikit_learn(settings: dict[str, Any]) -> None:
    theirs = CountVectorizer(min_df=2, **settings).fit(TEXTS)
    ours = TermCounter(tokenizer_of(TfidfVectorizer(**settings)), min_df=2).fit(TEXTS)
    assert list(ours.vocabulary_.terms) == theirs.get_feature_names_out().tolist()
    asked = [*TEXTS, "unheard-of", *ADVERSARIAL[-6:]]
    np.testing.assert_array_equal(
        ours.transform(asked).toarray(), theirs.transform(asked).toarray()
    )


@named
def test_weights_are_those_of_scikit_learn(settings: dict[str, Any]) -> None:
    theirs = TfidfVectorizer(sublinear_tf=True, **settings).fit_transform(TEXTS)
    counts = TermCounter(tokenizer_of(TfidfVectorizer(**settings))).fit_transform(TEXTS)
    ours = TfidfTransformer(sublinear_tf=True).fit_transform(counts)
    np.testing.assert_allclose(ours.toarray(), theirs.toarray(), atol=1e-12)


@given(st.sampled_from(SETTINGS), st.text(max_size=30))
def test_terms_are_those_of_scikit_learn(settings: dict[str, Any], text: str) -> None:
    vectorizer = TfidfVectorizer(**settings)
    expected = Counter(vectorizer.build_analyzer()(text))
    assert Counter(tokenizer_of(vectorizer)(text)) == expected


def test_rare_terms_are_left_out() -> None:
    counter = TermCounter(Tokenizer(), min_df=2).fit(["one one two", "two three", "three"])
    assert counter.vocabulary_.terms == ("three", "two")  # "one" is in one text, if twice


def test_the_rarest_of_too_many_terms_are_left_out() -> None:
    """Of equally rare ones those that come later in the alphabet."""
    texts = ["one two", "two three", "three two", "four", "five"]
    for most, kept in ((2, ("three", "two")), (3, ("five", "three", "two")), (9, None)):
        terms = TermCounter(Tokenizer(), max_terms=most).fit(texts).vocabulary_.terms
        assert terms == (kept or ("five", "four", "one", "three", "two"))


@pytest.mark.parametrize("sublinear_tf", [True, False])
def test_weights_by_kind_follow_their_formula(sublinear_tf: bool) -> None:
    tokenizer = Tokenizer(prefix=4, skip=1, char_ngrams=(3, 4))
    counter = TermCounter(tokenizer)
    counts = counter.fit_transform(TEXTS)
    kinds = KindTfidf(counter, pairs=0.7, ngrams=0.35, sublinear_tf=sublinear_tf)
    found = kinds.fit_transform(counts).toarray()
    terms = counter.vocabulary_.terms
    words = set(Tokenizer(prefix=4)(" ".join(TEXTS)))
    pairs = set(itertools.product(words, words))
    dense = counts.toarray()
    frequencies = (dense > 0).sum(axis=0)
    idf = np.log((1 + len(TEXTS)) / (1 + frequencies)) + 1
    weights = [
        1.0 if term in words else 0.7 if tuple(term.split(" ")) in pairs else 0.35 for term in terms
    ]
    assert set(weights) == {1.0, 0.7, 0.35}
    term_counts = np.where(dense > 0, 1 + np.log(np.maximum(dense, 1)), 0)
    expected = (term_counts if sublinear_tf else dense) * idf * weights
    lengths = np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected / np.maximum(lengths, 1e-30), atol=1e-12)


def test_texts_without_a_common_term_are_refused() -> None:
    with pytest.raises(ConversionError, match="no terms in common"):
        TermCounter(Tokenizer(), min_df=2).fit(["one", "two", "?"])


def test_a_matrix_of_encoded_texts() -> None:
    vocabulary = Vocabulary(tokenizer=Tokenizer(), terms=("array", "sort", "unused"))
    rows = [vocabulary.encode(text) for text in ("sort array sort", "nothing", "array")]
    matrix = to_matrix(rows, vocabulary)
    assert matrix.dtype == np.float64
    np.testing.assert_array_equal(matrix.toarray(), [[1, 2, 0], [0, 0, 0], [1, 0, 0]])
    assert to_matrix([], vocabulary).shape == (0, 3)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"tokenizer": str.split, "token_pattern": None}, "tokenizer="),
        ({"preprocessor": str.upper}, "preprocessor="),
        ({"analyzer": str.split}, "analyzer="),
        ({"strip_accents": str.upper}, "strip_accents="),
        ({"analyzer": "char"}, "analyzer='char'"),
        ({"binary": True}, "binary=True"),
    ],
)
def test_settings_that_have_no_tokenizer_are_refused(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(ConversionError) as caught:
        tokenizer_of(TfidfVectorizer(**settings))
    assert str(caught.value).startswith(named)
    assert "use" in str(caught.value) or "leave it out" in str(caught.value)
