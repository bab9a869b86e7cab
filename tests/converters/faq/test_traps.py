"""Where skl2onnx's own conversion of TfidfVectorizer fails or is silently wrong, and ours is not.

Each test shows both: the plain conversion of TfidfVectorizer and LogisticRegression, and ours.
"""

import locale
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from onnxruntime.capi.onnxruntime_pybind11_state import Fail
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import StringTensorType
from sklearn.feature_extraction.text import TfidfTransformer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from converters.export import ConversionError
from converters.faq.features import TermCounter, tokenizer_of
from converters.faq.graph import to_onnx
from converters.faq.model import Array, Calibration, FaqClassifier, logits
from converters.nodes import OPSET
from tests.converters.faq.conftest import Run

TOLERANCE = 1e-5
WORDS = r"[a-zA-Z0-9_]+"  # what skl2onnx takes for any token_pattern that it does not know
LETTERS = r"[\p{L}\p{N}_][\p{L}\p{N}_]+"  # the default pattern, as ONNX Runtime can be told it
C_LOCALE = {TfidfVectorizer: {"locale": "C.UTF-8", "tokenexp": LETTERS}}


@dataclass(frozen=True)
class Faq:
    """Texts to train on, with the indices of their entries."""

    texts: tuple[str, ...]
    labels: tuple[int, ...]


PLAIN = Faq(
    (
        "how to sort an array of numbers",
        "sort the array with a function",
        "sorting numbers in an array please",
        "compare two dates in the calendar",
        "how to compare dates and times",
        "is the date before the other date",
        "join strings with a comma",
        "how to join a list of strings",
        "strings to one string with comma",
    ),
    (0, 0, 0, 1, 1, 1, 2, 2, 2),
)
FOREIGN = Faq(
    (
        "weather in istanbul today",
        "how warm is istanbul",
        "ΟΔΟΣ names in athens",
        "which ΟΔΟΣ is long",
        "café opening hours",
        "a café near me",
    ),
    (0, 0, 1, 1, 2, 2),
)


def theirs(vectorizer: TfidfVectorizer, faq: Faq) -> Any:
    """What scikit-learn itself makes of it."""
    return make_pipeline(vectorizer, LogisticRegression(C=100)).fit(faq.texts, faq.labels)


def naive_difference(
    vectorizer: TfidfVectorizer, faq: Faq, asked: Sequence[str], options: Any = None
) -> float:
    """How far the plain conversion is from scikit-learn, at most, on `asked`."""
    pipeline = theirs(vectorizer, faq)
    graph = convert_sklearn(
        pipeline,
        initial_types=[("text", StringTensorType([None, 1]))],
        target_opset=OPSET,
        options={LogisticRegression: {"zipmap": False}, **(options or {})},
    )
    quiet = ort.SessionOptions()
    quiet.log_severity_level = 4
    session = ort.InferenceSession(
        graph.SerializeToString(), quiet, providers=["CPUExecutionProvider"]
    )
    found: Array = session.run(None, {"text": np.array(asked, dtype=object)[:, np.newaxis]})[1]
    return float(np.abs(found - pipeline.predict_proba(asked)).max())


@pytest.fixture
def assert_ours_agrees(run: Run, calibration: Calibration) -> Any:
    """Our graph gives, within TOLERANCE, what scikit-learn's logits give once calibrated."""

    def check(vectorizer: TfidfVectorizer, faq: Faq, asked: Sequence[str]) -> None:
        expected = calibration.probabilities(logits(theirs(vectorizer, faq), asked))
        pipeline = make_pipeline(
            TermCounter(tokenizer_of(vectorizer)),
            TfidfTransformer(sublinear_tf=vectorizer.sublinear_tf),
            LogisticRegression(C=100),
        ).fit(faq.texts, faq.labels)
        model = FaqClassifier(pipeline, calibration)
        found = run(to_onnx(model), model, asked)
        np.testing.assert_allclose(found, expected, atol=TOLERANCE)

    return check


def test_lower_casing_needs_a_locale_that_slim_containers_lack(assert_ours_agrees: Any) -> None:
    vectorizer, asked = TfidfVectorizer(), ["İSTANBUL", "ΟΔΟΣ", "CAFÉ", "Istanbul"]
    if _has_locale("en_US.UTF-8"):
        assert naive_difference(vectorizer, FOREIGN, asked) > TOLERANCE
    else:
        with pytest.raises(Fail, match="Failed to construct locale"):
            naive_difference(vectorizer, FOREIGN, asked)
    assert_ours_agrees(vectorizer, FOREIGN, asked)


def _has_locale(name: str) -> bool:
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, name)
    except locale.Error:
        return False
    locale.setlocale(locale.LC_CTYPE, before)
    return True


@pytest.mark.parametrize("text", ["İSTANBUL weather", "ΟΔΟΣ"])
def test_lower_casing_differs(text: str, assert_ours_agrees: Any) -> None:
    """Python makes two characters of İ, and ς of a final Σ; with a locale that is there."""
    vectorizer = TfidfVectorizer()
    assert naive_difference(vectorizer, FOREIGN, [text], C_LOCALE) > TOLERANCE
    assert_ours_agrees(vectorizer, FOREIGN, [text])


@pytest.mark.parametrize("text", ["café", "a café"])
def test_the_default_pattern_is_replaced_by_one_for_ascii(
    text: str, assert_ours_agrees: Any
) -> None:
    vectorizer = TfidfVectorizer(lowercase=False)
    assert naive_difference(vectorizer, FOREIGN, [text]) > TOLERANCE
    assert_ours_agrees(vectorizer, FOREIGN, [text])


def test_the_default_pattern_is_replaced_by_one_with_short_words(assert_ours_agrees: Any) -> None:
    vectorizer = TfidfVectorizer(lowercase=False, ngram_range=(1, 2))
    asked = ["sort a array", "compare x dates"]  # in between is a word that does not count
    assert naive_difference(vectorizer, PLAIN, asked) > TOLERANCE
    assert_ours_agrees(vectorizer, PLAIN, asked)


def test_sublinear_counts_are_wrong(assert_ours_agrees: Any) -> None:
    vectorizer = TfidfVectorizer(lowercase=False, token_pattern=WORDS, sublinear_tf=True)
    asked = ["array array array array date"]
    assert naive_difference(vectorizer, PLAIN, asked) > TOLERANCE
    assert_ours_agrees(vectorizer, PLAIN, asked)


def test_stop_words_stay_in_bigrams(assert_ours_agrees: Any) -> None:
    vectorizer = TfidfVectorizer(
        lowercase=False, token_pattern=WORDS, stop_words=["the", "an", "of"], ngram_range=(1, 2)
    )
    asked = ["sort the array", "numbers of dates"]
    assert naive_difference(vectorizer, PLAIN, asked) > TOLERANCE
    assert_ours_agrees(vectorizer, PLAIN, asked)


@pytest.mark.parametrize(
    "settings",
    [
        {"strip_accents": "unicode"},
        {"strip_accents": "ascii"},
        {"analyzer": "char_wb", "ngram_range": (2, 4)},
    ],
    ids=str,
)
def test_what_it_refuses_we_take(settings: dict[str, Any], assert_ours_agrees: Any) -> None:
    vectorizer, asked = TfidfVectorizer(**settings), ["CAFE, café!", "İstanbul ΟΔΟΣ", "", "a b"]
    with pytest.raises(NotImplementedError, match="cannot be converted"):
        naive_difference(vectorizer, FOREIGN, asked, C_LOCALE)
    assert_ours_agrees(vectorizer, FOREIGN, asked)


@pytest.mark.parametrize(
    "settings", [{"tokenizer": str.split, "token_pattern": None}, {"preprocessor": str.upper}]
)
def test_functions_are_refused_by_both(settings: dict[str, Any]) -> None:
    vectorizer = TfidfVectorizer(**settings)
    with pytest.raises(NotImplementedError, match="Custom"):
        naive_difference(vectorizer, PLAIN, ["x"], C_LOCALE)
    with pytest.raises(ConversionError, match="is a function, which a model file can't hold"):
        tokenizer_of(vectorizer)


def test_a_function_as_analyzer_is_dropped_silently() -> None:
    vectorizer, asked = TfidfVectorizer(analyzer=str.split), ["istanbul, today", "café."]
    assert naive_difference(vectorizer, FOREIGN, asked, C_LOCALE) > TOLERANCE
    with pytest.raises(ConversionError, match="is a function, which a model file can't hold"):
        tokenizer_of(vectorizer)


@pytest.mark.filterwarnings("ignore:The conversion of CountVectorizer may not work:UserWarning")
def test_characters_across_words_are_wrong_where_spaces_are_double() -> None:
    vectorizer = TfidfVectorizer(lowercase=False, analyzer="char", ngram_range=(2, 3))
    assert naive_difference(vectorizer, FOREIGN, ["weather  in \n x"]) > TOLERANCE
    with pytest.raises(ConversionError, match="analyzer='char' can't be converted"):
        tokenizer_of(vectorizer)


@pytest.mark.parametrize(
    ("settings", "options"),
    [
        ({"lowercase": False}, None),
        ({"lowercase": False, "stop_words": ["the", "an", "of"]}, None),
        ({"lowercase": False, "ngram_range": (1, 2)}, {TfidfVectorizer: {"tokenexp": LETTERS}}),
        ({"ngram_range": (1, 2)}, C_LOCALE),
    ],
    ids=str,
)
def test_both_are_right_on_plain_settings(
    settings: dict[str, Any], options: Any, assert_ours_agrees: Any
) -> None:
    """The comparison itself is sound: these conversions agree with scikit-learn."""
    vectorizer = TfidfVectorizer(**settings)
    asked = [*PLAIN.texts, "sort the array array", "join x dates", "nothing known here", "?"]
    assert naive_difference(vectorizer, PLAIN, asked, options) <= TOLERANCE
    assert_ours_agrees(vectorizer, PLAIN, asked)
