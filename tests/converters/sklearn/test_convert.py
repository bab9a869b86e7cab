"""Whole pipelines, on every text of the shared sets, too."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import ComplementNB
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from converters.export import ConversionError
from converters.faq import data
from converters.sklearn.convert import to_onnx
from tests.converters.sklearn.agreement import LABELS, TEXTS, assert_agrees


@pytest.mark.parametrize("name", ["askubuntu_titles_min12", "stackfaq"])
@pytest.mark.parametrize(
    "steps",
    [
        (
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, stop_words="english"),
            LogisticRegression(C=20),
        ),
        (TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 4)), ComplementNB()),
        (
            CountVectorizer(strip_accents="unicode", token_pattern=r"\w+|[^\w\s]"),
            CalibratedClassifierCV(LinearSVC(), cv=2),
        ),
    ],
    ids=["words", "characters", "calibrated"],
)
@pytest.mark.filterwarnings("ignore:The least populated class:UserWarning")
def test_real_questions(faq_sets: Path, name: str, steps: tuple[Any, ...]) -> None:
    folder = faq_sets / name
    entries = data.read_originals(folder / "originals.tsv")
    known = data.read_duplicates(folder / "duplicates_train.tsv", entries)
    asked = data.read_duplicates(folder / "duplicates_test.tsv", entries)
    texts = [*(one.question for one in entries), *(one.text for one in known)]
    labels = [*range(len(entries)), *(one.entry for one in known)]
    answers = [entry.answer for entry in entries if entry.answer]
    model = make_pipeline(*steps).fit(texts, labels)
    assert_agrees(model, [*texts, *(one.text for one in asked), *answers])


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        (LogisticRegression(), "LogisticRegression"),
        (make_pipeline(LogisticRegression()), "Pipeline"),
        (
            CalibratedClassifierCV(make_pipeline(TfidfVectorizer(), LinearSVC()), cv=2),
            "CalibratedClassifierCV",
        ),
    ],
    ids=["classifier", "one step", "calibrated pipeline"],
)
def test_what_is_no_pipeline_from_texts(model: Any, kind: str) -> None:
    if kind == "CalibratedClassifierCV":
        model.fit(TEXTS, LABELS)
    with pytest.raises(ConversionError, match=f"the model is a {kind}, not a pipeline from texts"):
        to_onnx(model, np.arange(6))
