"""What counts terms: every setting that is taken, and every one that is refused."""

from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer

from converters.export import ConversionError
from converters.sklearn.vectorizers import vectorizers, vocabulary
from tests.converters.sklearn.agreement import ASKED, TEXTS, assert_agrees, fitted


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"lowercase": False},
        {"strip_accents": "unicode"},
        {"strip_accents": "ascii"},
        {"ngram_range": (1, 2)},
        {"ngram_range": (2, 3), "min_df": 2},
        {"stop_words": "english", "ngram_range": (1, 2)},
        {"stop_words": ["how", "javascript"]},
        {"token_pattern": r"\w+|[^\w\s]+"},
        {"token_pattern": r"(\w+)\s"},
        {"analyzer": "char_wb", "ngram_range": (2, 4)},
        {"analyzer": "char_wb", "ngram_range": (2, 3), "token_pattern": None},
        {"max_features": 300},
        {"min_df": 2, "max_df": 0.5},
        {"binary": True},
        {"vocabulary": ["array", "javascript", "loop", "function", "how", "object"]},
        {"vocabulary": {"javascript": 0, "how": 2, "array": 1, "function": 4, "object": 3}},
        {"norm": "l1"},
        {"norm": None},
        {"use_idf": False},
        {"smooth_idf": False},
        {"sublinear_tf": True},
        {"sublinear_tf": True, "norm": None, "binary": True},
        {"dtype": np.float32},
    ],
    ids=str,
)
def test_settings(settings: dict[str, Any]) -> None:
    assert_agrees(fitted(TfidfVectorizer(**settings), LogisticRegression(C=20)))


@pytest.mark.parametrize(
    "settings", [{}, {"binary": True}, {"dtype": np.float32}, {"dtype": np.int32}], ids=str
)
def test_counts(settings: dict[str, Any]) -> None:
    asked = [*TEXTS, *ASKED, "javascript " * 50, "array in array for array loop loop"]
    assert_agrees(fitted(CountVectorizer(**settings), LogisticRegression(C=20)), asked)


def test_several_vectorizers_of_the_same_words() -> None:
    union = make_union(
        TfidfVectorizer(max_features=200),
        CountVectorizer(binary=True, min_df=3),
        CountVectorizer(vocabulary=["nothing", "javascript"]),
    )
    converted = assert_agrees(fitted(union, MultinomialNB()))
    terms = converted.contract.vocabulary.terms
    assert len(set(terms)) == len(terms)
    assert "nothing" in terms


def test_vectorizers_that_split_in_two_ways_are_refused() -> None:
    union = make_union(TfidfVectorizer(), TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 3)))
    union.fit(TEXTS)
    with pytest.raises(ConversionError) as caught:
        vocabulary(list(vectorizers("union", union)))
    assert "step 'union.tfidfvectorizer-2': it splits texts in another way" in str(caught.value)
    assert "give both the same analyzer" in str(caught.value)


class Own(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A class of the user's own."""


class OwnCounts(CountVectorizer):  # type: ignore[misc]
    """A subclass, which might do anything."""


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (CountVectorizer(tokenizer=str.split, token_pattern=None), "tokenizer=.* is a function"),
        (CountVectorizer(preprocessor=str.upper), "preprocessor=.* is a function"),
        (CountVectorizer(analyzer=str.split), "analyzer=.* is a function"),
        (CountVectorizer(strip_accents=str.upper), "strip_accents=.* is a function"),
        (CountVectorizer(analyzer="char"), "analyzer='char' can't be converted; use 'word' or"),
        (TfidfVectorizer(input="file"), "input='file' reads files; use input='content'"),
        (TfidfVectorizer(input="filename"), "input='filename' reads files"),
        (CountVectorizer(dtype=np.int8), "dtype=.*int8.* can overflow; use float64"),
        (HashingVectorizer(), "keeps no list of the terms .*; use CountVectorizer or Tfidf"),
        (Own(), "test_vectorizers.Own does not turn texts into terms .* class of your own"),
        (OwnCounts(), "test_vectorizers.OwnCounts does not turn"),
        (FunctionTransformer(), "FunctionTransformer does not turn"),
        (make_column_transformer((CountVectorizer(), 0)), "ColumnTransformer does .* for tables"),
        (make_union(CountVectorizer(), "passthrough"), r"\.passthrough': .*str does not"),
        (make_pipeline(Own(), CountVectorizer()), r"\.own': .*Own does not turn"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_refusals(step: Any, message: str) -> None:
    with pytest.raises(ConversionError, match=f"^step 'text.*{message}"):
        vocabulary(list(vectorizers("text", step)))
