"""The steps of a pipeline before its classifier, as rows of features inside the graph."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfTransformer, TfidfVectorizer
from sklearn.feature_selection import (
    GenericUnivariateSelect,
    SelectFdr,
    SelectFpr,
    SelectFromModel,
    SelectFwe,
    SelectKBest,
    SelectPercentile,
    VarianceThreshold,
)
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import Binarizer, MaxAbsScaler, Normalizer, StandardScaler

from converters.sklearn.graph import Graph
from converters.sklearn.refusal import refuse, refuse_type
from converters.sklearn.rows import DenseRows, Rows
from converters.sklearn.sparse import SparseRows, joined
from converters.sklearn.vectorizers import counted
from server.tokenizer import Vocabulary


def of_texts(graph: Graph, name: str, step: Any, known: Vocabulary) -> Rows:
    """What a step makes of texts; its vectorizers have passed `vectorizers`."""
    if type(step) is Pipeline:
        first, inner = step.steps[0]
        rows = of_texts(graph, f"{name}.{first}", inner, known)
        return transformed(rows, [(f"{name}.{part}", one) for part, one in step.steps[1:]])
    if type(step) is FeatureUnion:
        weights = step.transformer_weights or {}
        parts = []
        for part, inner in step.transformer_list:
            if inner != "drop":
                made = of_texts(graph, f"{name}.{part}", inner, known)
                weight = weights.get(part)
                parts.append(made if weight is None else made.scaled(np.full(made.width, weight)))
        return joined(parts)
    rows = counted(graph, step, known)
    return _tfidf(name, step._tfidf, rows) if type(step) is TfidfVectorizer else rows


def transformed(rows: Rows, steps: Sequence[tuple[str, Any]]) -> Rows:
    """The rows after these steps. Raises ConversionError for those that are not known."""
    for name, step in steps:
        if step is None or step == "passthrough":
            continue
        if type(step) is Pipeline:
            rows = transformed(rows, [(f"{name}.{part}", inner) for part, inner in step.steps])
        elif type(step) in _TRANSFORMERS:
            rows = _TRANSFORMERS[type(step)](name, step, rows)
        else:
            raise refuse_type(name, step, _TRANSFORMERS)
    return rows


def _tfidf(name: str, step: Any, rows: Rows) -> Rows:
    if step.sublinear_tf:
        if not (isinstance(rows, SparseRows) and rows.counts):
            raise refuse(name, "sublinear_tf=True is of counts only", "put it after a vectorizer")
        rows = _sublinear(rows)
    if step.use_idf:
        rows = rows.scaled(np.asarray(step.idf_, np.float64))
    return rows if step.norm is None else rows.normalized(step.norm)


def _sublinear(rows: SparseRows) -> SparseRows:
    """1 + log(count), and 0 for a count of 0."""
    graph, one = rows.graph, rows.graph.number(1.0)
    log = graph.add("Log", graph.add("Max", rows.values, one))
    return rows.with_values(graph.add("Add", log, graph.add("Min", rows.values, one)))


def _normalizer(_: str, step: Any, rows: Rows) -> Rows:
    return rows.normalized(step.norm)


def _binarizer(name: str, step: Any, rows: Rows) -> Rows:
    if step.threshold < 0 and isinstance(rows, SparseRows):
        raise refuse(name, f"threshold={step.threshold} is below 0", "use 0 or more")
    return rows.binarized(float(step.threshold))


def _max_abs_scaler(name: str, step: Any, rows: Rows) -> Rows:
    if getattr(step, "clip", False):
        raise refuse(name, "clip=True can't be converted", "use clip=False")
    return rows.scaled(1 / np.asarray(step.scale_, np.float64))


def _standard_scaler(name: str, step: Any, rows: Rows) -> Rows:
    if step.with_mean:
        if not isinstance(rows, DenseRows):
            raise refuse(name, "with_mean=True makes every term count", "use with_mean=False")
        rows = rows.shifted(-step.mean_)
    return rows if step.scale_ is None else rows.scaled(1 / step.scale_)


def _truncated_svd(_: str, step: Any, rows: Rows) -> Rows:
    tensor = rows.projected(step.components_.T)
    return DenseRows(rows.graph, tensor, len(step.components_))


def _selector(_: str, step: Any, rows: Rows) -> Rows:
    return rows.selected(step.get_support(indices=True).astype(np.int64))


_SELECTORS = (
    GenericUnivariateSelect,
    SelectFdr,
    SelectFpr,
    SelectFromModel,
    SelectFwe,
    SelectKBest,
    SelectPercentile,
    VarianceThreshold,
)
_TRANSFORMERS: dict[type, Callable[[str, Any, Rows], Rows]] = {
    TfidfTransformer: _tfidf,
    Normalizer: _normalizer,
    Binarizer: _binarizer,
    MaxAbsScaler: _max_abs_scaler,
    StandardScaler: _standard_scaler,
    TruncatedSVD: _truncated_svd,
    **dict.fromkeys(_SELECTORS, _selector),
}
