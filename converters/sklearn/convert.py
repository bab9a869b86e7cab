"""A fitted text pipeline as the graph of a FAQ model and the vocabulary that goes with it."""

from typing import Any

import onnx
from sklearn.pipeline import Pipeline

from converters.export import ConversionError
from converters.sklearn.classifiers import ordered
from converters.sklearn.features import of_texts, transformed
from converters.sklearn.graph import Graph, Imprecise
from converters.sklearn.rows import Columns
from converters.sklearn.vectorizers import vectorizers, vocabulary
from server.tokenizer import Vocabulary


def to_onnx(model: Any, order: Columns) -> tuple[onnx.ModelProto, Vocabulary]:
    """The graph and the vocabulary of a fitted pipeline, in float64 where float32 is too coarse.

    `order` are the places in `model.classes_` of the graph's columns. Raises ConversionError, with
    the step and the setting, for what can't be converted exactly.
    """
    if type(model) is not Pipeline or len(model.steps) < 2:
        raise ConversionError(
            f"the model is a {type(model).__name__}, not a pipeline from texts to classes; make it "
            "with make_pipeline(TfidfVectorizer(...), ..., classifier), the classifier's wrappers "
            "(CalibratedClassifierCV, VotingClassifier, OneVsRestClassifier) inside"
        )
    known = vocabulary(list(vectorizers(*model.steps[0])))
    try:
        return _build(model, order, known, exact=False), known
    except Imprecise:
        return _build(model, order, known, exact=True), known


def _build(model: Pipeline, order: Columns, known: Vocabulary, *, exact: bool) -> onnx.ModelProto:
    graph = Graph(exact=exact)
    (first, of_text), *between, (last, classifier) = model.steps
    rows = transformed(of_texts(graph, first, of_text, known), between)
    return graph.model(ordered(last, classifier, rows, order), len(order))
