"""Trees, which ask for features one by one."""

from typing import Any

import numpy as np
import pytest
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.pipeline import make_union
from sklearn.tree import DecisionTreeClassifier

from converters.sklearn.trees import CLASSIFIERS
from tests.converters.sklearn.agreement import assert_agrees, fitted, fitted_two

TREES = [
    DecisionTreeClassifier(random_state=0),
    RandomForestClassifier(10, random_state=0),
    ExtraTreesClassifier(10, random_state=0),
    GradientBoostingClassifier(n_estimators=5, random_state=0),
]


@pytest.mark.parametrize("classifier", TREES, ids=str)
@pytest.mark.parametrize(
    "steps",
    [
        (CountVectorizer(),),
        (TfidfVectorizer(sublinear_tf=True),),
        (TfidfVectorizer(), TruncatedSVD(8, random_state=0)),
        (make_union(TfidfVectorizer(), CountVectorizer(binary=True)),),
    ],
    ids=lambda steps: ", ".join(map(str, steps)),
)
def test_trees(classifier: Any, steps: tuple[Any, ...]) -> None:
    assert_agrees(fitted(*steps, classifier))
    assert_agrees(fitted_two(*steps, classifier))


def test_the_accepted_ones_are_all_tested() -> None:
    assert {type(one) for one in TREES} == set(CLASSIFIERS)


def test_features_at_the_thresholds() -> None:
    """Thresholds lie between values that were seen; the texts that were seen are the closest."""
    model = fitted(TfidfVectorizer(), DecisionTreeClassifier(random_state=0))
    converted = assert_agrees(model)
    assert set(np.unique(converted.ask(["javascript", "how to"]))) <= {0.0, 1.0}
