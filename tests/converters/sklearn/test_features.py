"""Steps between the texts and the classifier."""

import re
from typing import Any

import numpy as np
import pytest
from sklearn.decomposition import NMF, TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.feature_selection import (
    SelectFromModel,
    SelectKBest,
    SelectPercentile,
    VarianceThreshold,
    chi2,
)
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, make_pipeline, make_union
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    MaxAbsScaler,
    Normalizer,
    StandardScaler,
)

from converters.export import ConversionError
from converters.sklearn.convert import to_onnx
from tests.converters.sklearn.agreement import assert_agrees, fitted

SVD = TruncatedSVD(8, random_state=0)


@pytest.mark.parametrize(
    "steps",
    [
        (CountVectorizer(), TfidfTransformer()),
        (CountVectorizer(), TfidfTransformer(sublinear_tf=True, norm="l1")),
        (CountVectorizer(), TfidfTransformer(use_idf=False, norm=None)),
        (TfidfVectorizer(), TfidfTransformer()),
        (CountVectorizer(), SelectKBest(chi2, k=200), TfidfTransformer(sublinear_tf=True)),
        (CountVectorizer(), Binarizer(), TfidfTransformer(sublinear_tf=True)),
        (TfidfVectorizer(), Binarizer(threshold=0.3)),
        (TfidfVectorizer(), SelectPercentile(chi2, percentile=20)),
        (TfidfVectorizer(), SelectFromModel(LogisticRegression())),
        (TfidfVectorizer(), VarianceThreshold(1e-4), Normalizer()),
        (CountVectorizer(), Normalizer("l1")),
        (CountVectorizer(), Normalizer("max")),
        (CountVectorizer(), MaxAbsScaler()),
        (CountVectorizer(), StandardScaler(with_mean=False)),
        (CountVectorizer(), StandardScaler(with_mean=False, with_std=False), Normalizer("l2")),
        (TfidfVectorizer(), SVD),
        (TfidfVectorizer(), SVD, Normalizer(), StandardScaler()),
        (TfidfVectorizer(), SVD, Normalizer("l1"), SelectKBest(k=4), MaxAbsScaler()),
        (TfidfVectorizer(), SVD, Normalizer("max"), Binarizer(threshold=-0.1)),
        (TfidfVectorizer(), "passthrough", None),
        (make_pipeline(CountVectorizer(), make_pipeline(TfidfTransformer(), MaxAbsScaler())),),
        (CountVectorizer(), make_pipeline(TfidfTransformer(), Normalizer("l1"))),
        (make_union(TfidfVectorizer(), make_pipeline(CountVectorizer(), SVD)),),
        (make_union(TfidfVectorizer(), make_pipeline(CountVectorizer(), MaxAbsScaler()), "drop"),),
        (make_union(TfidfVectorizer(), CountVectorizer()), SelectKBest(k=100), Normalizer("max")),
        (make_union(CountVectorizer(min_df=2), CountVectorizer(max_df=4)), TfidfTransformer()),
        (
            FeatureUnion(
                [("a", CountVectorizer()), ("b", make_union(TfidfVectorizer(max_features=50)))],
                transformer_weights={"a": 0.5},
            ),
            TfidfTransformer(use_idf=False),
        ),
    ],
    # Without a function's address, so that every process gives a test the same name.
    ids=lambda steps: re.sub(" at 0x[0-9a-f]+", "", ", ".join(map(str, steps))),
)
def test_steps(steps: tuple[Any, ...]) -> None:
    assert_agrees(fitted(*steps, LogisticRegression(C=20)))


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ((StandardScaler(with_mean=False), TfidfTransformer(sublinear_tf=True)), "of counts only"),
        ((MaxAbsScaler(clip=True),), "clip=True can't be converted; use clip=False"),
        ((NMF(3),), "decomposition._nmf.NMF can't be converted exactly; here these can: Binarizer"),
        ((FunctionTransformer(np.sqrt),), "FunctionTransformer can't be converted exactly"),
        ((make_pipeline(MaxAbsScaler(), NMF(3)),), "^step 'pipeline.nmf': "),
    ],
    ids=lambda value: value if isinstance(value, str) else "steps",
)
def test_refusals(steps: tuple[Any, ...], message: str) -> None:
    model = fitted(CountVectorizer(min_df=5), *steps, LogisticRegression())
    with pytest.raises(ConversionError, match=message):
        to_onnx(model, np.arange(6))
