"""The vectorizers of a pipeline: the terms that they count, and those counts inside the graph."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.pipeline import FeatureUnion, Pipeline

from converters.export import ConversionError
from converters.faq.features import tokenizer_of
from converters.sklearn.graph import Graph
from converters.sklearn.refusal import refuse
from converters.sklearn.sparse import SparseRows
from server.tokenizer import Tokenizer, Vocabulary

_DTYPES = tuple(map(np.dtype, ("int32", "int64", "uint32", "uint64", "float32", "float64")))


def vectorizers(name: str, step: Any) -> Iterator[tuple[str, CountVectorizer]]:
    """Every vectorizer in a step that takes texts, with the name of its step, in order."""
    if type(step) in (CountVectorizer, TfidfVectorizer):
        yield name, step
    elif type(step) is Pipeline:
        first, inner = step.steps[0]
        yield from vectorizers(f"{name}.{first}", inner)
    elif type(step) is FeatureUnion:
        for part, inner in step.transformer_list:
            if inner != "drop":
                yield from vectorizers(f"{name}.{part}", inner)
    elif type(step) is HashingVectorizer:
        raise refuse(
            name,
            "HashingVectorizer keeps no list of the terms that it has seen",
            "use CountVectorizer or TfidfVectorizer",
        )
    else:
        kind = type(step)
        raise refuse(
            name,
            f"{kind.__module__}.{kind.__qualname__} does not turn texts into terms in a way that "
            "a model file can hold",
            "begin with CountVectorizer, TfidfVectorizer or a FeatureUnion of them, not with a "
            "class of your own or one for tables",
        )


def vocabulary(found: Sequence[tuple[str, CountVectorizer]]) -> Vocabulary:
    """The terms that any of them knows. Raises ConversionError for what can't be held."""
    tokenizers = [_tokenizer(name, vectorizer) for name, vectorizer in found]
    for (name, _), tokenizer in zip(found, tokenizers, strict=True):
        if tokenizer != tokenizers[0]:
            raise refuse(
                name,
                f"it splits texts in another way than step {found[0][0]!r}, and a model file "
                "holds one way",
                "give both the same analyzer, ngram_range, token_pattern, stop_words, lowercase "
                "and strip_accents",
            )
    terms = dict.fromkeys(term for _, vectorizer in found for term in _terms(vectorizer))
    if not all(isinstance(term, str) for term in terms):
        raise refuse(found[0][0], "its vocabulary has terms that are no strings", "fit it on texts")
    return Vocabulary(tokenizer=tokenizers[0], terms=tuple(terms))


def counted(graph: Graph, vectorizer: CountVectorizer, known: Vocabulary) -> SparseRows:
    """The counts of the vectorizer's own terms, as it makes them before any weights."""
    terms = _terms(vectorizer)
    indices, values, factors = graph.indices, graph.counts, None
    if known.terms != terms:
        own = {term: index for index, term in enumerate(terms)}
        places = [own.get(term, len(own)) for term in known.terms]
        indices = graph.add("Gather", graph.weight(np.array([*places, len(own)])), indices)
        factors = np.append(np.ones(len(own)), 0.0)  # terms of others are not there
    if vectorizer.binary:
        values = graph.add("Min", values, graph.number(1.0))
    columns = np.arange(len(terms))
    return SparseRows(graph, indices, values, columns, len(terms), factors, counts=True)


def _terms(vectorizer: CountVectorizer) -> tuple[Any, ...]:
    places: dict[Any, int] = vectorizer.vocabulary_
    return tuple(sorted(places, key=lambda term: places[term]))


def _tokenizer(name: str, vectorizer: CountVectorizer) -> Tokenizer:
    if vectorizer.input != "content":
        raise refuse(name, f"input={vectorizer.input!r} reads files", "use input='content'")
    if np.dtype(vectorizer.dtype) not in _DTYPES:
        raise refuse(name, f"dtype={vectorizer.dtype!r} can overflow", "use float64")
    try:
        return tokenizer_of(clone(vectorizer).set_params(**_unused(vectorizer)))
    except ConversionError as error:
        raise ConversionError(f"step {name!r}: {error}") from error


def _unused(vectorizer: CountVectorizer) -> dict[str, Any]:
    """Settings that splitting does not depend on, which may have any value, with a plain one."""
    settings: dict[str, Any] = {"binary": False}
    if vectorizer.analyzer == "char_wb":
        settings |= {"token_pattern": CountVectorizer().token_pattern, "stop_words": None}
    return settings
