"""Classifiers that are more than a weighted sum, and those that are refused."""

from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import BernoulliNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer

from converters.export import ConversionError
from converters.sklearn.convert import to_onnx
from tests.converters.sklearn.agreement import LABELS, TEXTS, assert_agrees, fitted, fitted_two

pytestmark = pytest.mark.filterwarnings(
    "ignore:lbfgs failed to converge:sklearn.exceptions.ConvergenceWarning"
)


def network(**settings: Any) -> MLPClassifier:
    return MLPClassifier((9,), solver="lbfgs", max_iter=30, random_state=0, **settings)


def voting(*parts: Any, **settings: Any) -> VotingClassifier:
    named = [(f"part{number}", part) for number, part in enumerate(parts)]
    return VotingClassifier(named, voting="soft", **settings)


@pytest.mark.parametrize(
    "classifier",
    [
        BernoulliNB(alpha=0.01),
        BernoulliNB(alpha=0.1, binarize=0.25),
        BernoulliNB(alpha=0.1, binarize=None),
        network(),
        network(activation="tanh"),
        network(activation="logistic"),
        network(activation="identity"),
        voting(LogisticRegression(), MultinomialNB()),
        voting(LogisticRegression(), BernoulliNB(), "drop", weights=[3, 1, 2]),
        voting(make_pipeline(Normalizer("l1"), MultinomialNB()), LogisticRegression(C=50)),
        make_pipeline(Normalizer("max"), LogisticRegression(C=20)),
    ],
    ids=str,
)
def test_classifiers(classifier: Any) -> None:
    vectorizer: Any = TfidfVectorizer()
    if getattr(classifier, "binarize", 0) is None:
        vectorizer = CountVectorizer(binary=True)
    assert_agrees(fitted(vectorizer, classifier))
    assert_agrees(fitted_two(vectorizer, classifier))


def test_a_frozen_classifier() -> None:
    inner = fitted(TfidfVectorizer(), LogisticRegression(C=20))[-1]
    assert_agrees(fitted(TfidfVectorizer(), FrozenEstimator(inner)))


@pytest.mark.parametrize(
    "classifier", [LogisticRegression(C=20), network(), BernoulliNB()], ids=str
)
def test_the_order_of_the_entries(classifier: Any) -> None:
    """The graph's columns come as the entries do, not as the classes do."""
    model = make_pipeline(TfidfVectorizer(), classifier).fit(TEXTS, LABELS)
    order = np.array([3, 0, 5, 1, 4, 2])
    graph, vocabulary = to_onnx(model, order)
    session = ort.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    for text in TEXTS[::10]:
        indices, counts = vocabulary.encode(text)
        found = session.run(None, {"indices": indices[None], "counts": counts[None]})[0]
        np.testing.assert_allclose(found, model.predict_proba([text])[:, order], atol=1e-5)


@pytest.mark.parametrize(
    ("classifier", "message"),
    [
        (
            KNeighborsClassifier(),
            "^step 'kneighborsclassifier': sklearn.*KNeighborsClassifier can't",
        ),
        (
            voting(LogisticRegression(), KNeighborsClassifier()),
            r"^step 'votingclassifier\.part1': ",
        ),
    ],
    ids=["neighbours", "voting"],
)
def test_refusals(classifier: Any, message: str) -> None:
    model = fitted(TfidfVectorizer(), classifier)
    with pytest.raises(ConversionError, match=message) as caught:
        to_onnx(model, np.arange(6))
    names = str(caught.value).partition("here these can: ")[2].split(", ")
    assert {"LogisticRegression", "MLPClassifier", RandomForestClassifier.__name__} <= {*names}
    assert names == sorted(names)
