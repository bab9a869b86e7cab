"""Classifiers whose scores are weighted sums."""

from typing import Any

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, SGDClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import ComplementNB, MultinomialNB
from sklearn.preprocessing import MultiLabelBinarizer

from converters.export import ConversionError
from converters.sklearn.convert import to_onnx
from converters.sklearn.linear import CLASSIFIERS, decision, of_classifier
from tests.converters.sklearn.agreement import (
    LABELS,
    TEXTS,
    assert_agrees,
    fitted,
    fitted_two,
    is_exact,
)

ACCEPTED = [
    LogisticRegression(C=20),
    LogisticRegression(C=20, fit_intercept=False),
    LogisticRegressionCV(
        Cs=[20.0], cv=2, use_legacy_attributes=False, l1_ratios=(0,), scoring="accuracy"
    ),
    SGDClassifier(loss="log_loss", random_state=0),
    SGDClassifier(loss="log_loss", penalty="l1", average=True, random_state=0),
    SGDClassifier(loss="modified_huber", random_state=0),
    MultinomialNB(alpha=0.01),
    MultinomialNB(fit_prior=False),
    ComplementNB(alpha=0.1),
    OneVsRestClassifier(LogisticRegression(C=20)),
    OneVsRestClassifier(SGDClassifier(loss="log_loss", random_state=0)),
    OneVsRestClassifier(SGDClassifier(loss="modified_huber", random_state=0)),
    OneVsRestClassifier(MultinomialNB()),
]


@pytest.mark.parametrize("vectorizer", [TfidfVectorizer(), CountVectorizer()], ids=str)
@pytest.mark.parametrize("classifier", ACCEPTED, ids=str)
def test_classes(classifier: Any, vectorizer: Any) -> None:
    """Normalised rows, and counts that can be large."""
    assert_agrees(fitted(vectorizer, classifier))
    assert_agrees(fitted_two(vectorizer, classifier))


def test_the_accepted_ones_are_all_tested() -> None:
    assert {type(one) for one in ACCEPTED} == set(CLASSIFIERS)


def test_float32_only_where_it_is_close_enough() -> None:
    plain = fitted(TfidfVectorizer(), LogisticRegression(C=20))
    assert not is_exact(assert_agrees(plain))
    assert is_exact(assert_agrees(fitted(CountVectorizer(), LogisticRegression(C=20))))
    steep = fitted(TfidfVectorizer(), LogisticRegression(C=20))
    steep[-1].coef_ *= 50 / np.abs(steep[-1].coef_).max() + 1
    assert is_exact(assert_agrees(steep))


def test_labels_that_are_numbers() -> None:
    numbers = [sorted(set(LABELS)).index(label) * 10 for label in LABELS]
    model = fitted(TfidfVectorizer(), LogisticRegression(C=20)).fit(TEXTS, numbers)
    converted = assert_agrees(model)
    assert [one.id for one in converted.contract.entries] == ["0", "10", "20", "30", "40", "50"]


def test_a_loss_without_probabilities_is_refused() -> None:
    model = fitted(TfidfVectorizer(), SGDClassifier(random_state=0))
    with pytest.raises(ConversionError, match="loss='hinge' has no probabilities; use 'log_loss'"):
        of_classifier("sgd", model[-1])


def test_weights_that_are_not_finite_are_refused() -> None:
    with np.errstate(divide="ignore"):
        model = fitted(CountVectorizer(), MultinomialNB(alpha=0))
    with pytest.raises(ConversionError, match="weights that are not finite; fit it with smoothing"):
        of_classifier("nb", model[-1])


def test_several_labels_a_text_are_refused() -> None:
    labels = MultiLabelBinarizer().fit_transform([[label] for label in LABELS])
    model = fitted(TfidfVectorizer(), OneVsRestClassifier(LogisticRegression())).fit(TEXTS, labels)
    with pytest.raises(ConversionError, match="it gives several labels a text; fit it with one"):
        to_onnx(model, np.arange(6))


def test_one_vs_rest_of_something_else_is_refused() -> None:
    model = fitted(TfidfVectorizer(), OneVsRestClassifier(DummyClassifier()))
    with pytest.raises(
        ConversionError, match=r"^step 'onevsrestclassifier\.estimator': .*DummyClassifier"
    ):
        to_onnx(model, np.arange(6))


def test_decisions() -> None:
    model = fitted(TfidfVectorizer(), OneVsRestClassifier(LogisticRegression(C=20)))
    found = decision(model[-1])
    rows = model[0].transform(TEXTS).toarray()
    expected = model.decision_function(TEXTS)
    np.testing.assert_allclose(rows @ found.matrix + found.intercept, expected, atol=1e-12)
