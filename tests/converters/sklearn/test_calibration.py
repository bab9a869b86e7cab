"""CalibratedClassifierCV around classifiers of every kind."""

from typing import Any

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Perceptron, RidgeClassifier, SGDClassifier
from sklearn.model_selection import PredefinedSplit
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import MultinomialNB
from sklearn.svm import LinearSVC

from converters.export import ConversionError
from converters.sklearn.convert import to_onnx
from tests.converters.sklearn.agreement import (
    LABELS,
    TEXTS,
    assert_agrees,
    fitted,
    fitted_two,
    is_exact,
)


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
@pytest.mark.parametrize(
    "inner",
    [
        LinearSVC(),
        RidgeClassifier(),
        SGDClassifier(random_state=0),
        Perceptron(),
        LogisticRegression(C=20),
        OneVsRestClassifier(LinearSVC()),
        MultinomialNB(),
    ],
    ids=str,
)
def test_methods(method: str, inner: Any) -> None:
    classifier = CalibratedClassifierCV(inner, method=method, cv=2)
    assert_agrees(fitted(TfidfVectorizer(), classifier))
    assert_agrees(fitted_two(TfidfVectorizer(), classifier))


def test_one_calibrator_for_all_folds() -> None:
    classifier = CalibratedClassifierCV(LinearSVC(), method="isotonic", cv=2, ensemble=False)
    assert_agrees(fitted(CountVectorizer(), classifier))


def test_a_classifier_that_was_fitted_before() -> None:
    inner = fitted(TfidfVectorizer(), LinearSVC())
    frozen = CalibratedClassifierCV(FrozenEstimator(inner[-1]), method="sigmoid", cv=2)
    assert_agrees(fitted(TfidfVectorizer(), frozen))


@pytest.mark.filterwarnings("ignore")
def test_a_fold_that_lacks_a_class() -> None:
    """One class is in one fold alone, so the other fold's classifier does not know it."""
    rare = sorted(set(LABELS))[2]
    folds = [0 if label == rare else number % 2 for number, label in enumerate(LABELS)]
    classifier = CalibratedClassifierCV(LinearSVC(), cv=PredefinedSplit(folds))
    model = fitted(TfidfVectorizer(), classifier)
    known = {len(one.estimator.classes_) for one in model[-1].calibrated_classifiers_}
    assert known == {5, 6}
    assert_agrees(model)


def test_steep_calibrators_need_float64() -> None:
    """Classifiers whose scores hardly differ get them."""
    flat = LogisticRegression(C=1e-3)
    steep = fitted(TfidfVectorizer(), CalibratedClassifierCV(flat, cv=2))
    assert is_exact(assert_agrees(steep))
    slopes = [c.a_ for one in steep[-1].calibrated_classifiers_ for c in one.calibrators]
    assert np.abs(slopes).max() > 10


def test_temperature_is_refused() -> None:
    classifier = CalibratedClassifierCV(LinearSVC(), method="temperature", cv=2)
    model = fitted(TfidfVectorizer(), classifier)
    with pytest.raises(ConversionError, match="method='temperature' depends on the texts that are"):
        to_onnx(model, np.arange(6))


def test_decisions_of_trees_are_refused() -> None:
    inner = GradientBoostingClassifier(n_estimators=2)
    model = fitted(TfidfVectorizer(), CalibratedClassifierCV(inner, cv=2))
    with pytest.raises(ConversionError, match=r"^step 'calibrated.*\.estimator': .*LinearSVC"):
        to_onnx(model, np.arange(6))


def test_a_pipeline_inside_is_refused() -> None:
    whole = CalibratedClassifierCV(fitted(TfidfVectorizer(), LinearSVC()), cv=2).fit(TEXTS, LABELS)
    with pytest.raises(
        ConversionError, match="a CalibratedClassifierCV, not a pipeline from texts"
    ):
        to_onnx(whole, np.arange(6))
