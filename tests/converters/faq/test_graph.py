"""The graph against its source: both forms of the lexical part, odd texts, odd calibrations."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfTransformer

from converters.export import ConversionError
from converters.faq.graph import to_onnx
from converters.faq.model import (
    CANDIDATES,
    Calibration,
    FaqClassifier,
    classifier,
    features,
    logits,
)
from converters.faq.samples import ADVERSARIAL
from converters.nodes import OPSET
from server.session import Feeds, Probabilities
from server.tokenizer import pad
from tests import faq_set
from tests.converters.faq.conftest import FORMS, Run

TEXTS = [*ADVERSARIAL, *faq_set.NO_MATCH, *(one.text for one in faq_set.DUPLICATES)]
CLOSE = 1e-5


@pytest.fixture(scope="module")
def graph(model: FaqClassifier) -> onnx.ModelProto:
    return to_onnx(model)


@pytest.fixture(scope="module")
def session(graph: onnx.ModelProto) -> ort.InferenceSession:
    return ort.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])


def feeds(model: FaqClassifier, texts: list[str]) -> Feeds:
    terms = model.vocabulary
    indices, counts = pad([terms.encode(text) for text in texts], len(terms.terms))
    return {"indices": indices, "counts": counts}


def test_inputs_and_output(graph: onnx.ModelProto, model: FaqClassifier) -> None:
    onnx.checker.check_model(graph, full_check=True)
    shapes = {
        value.name: (
            value.type.tensor_type.elem_type,
            [size.dim_value for size in value.type.tensor_type.shape.dim],
        )
        for value in (*graph.graph.input, *graph.graph.output)
    }
    assert shapes == {
        "indices": (onnx.TensorProto.INT64, [0, 0]),
        "counts": (onnx.TensorProto.FLOAT, [0, 0]),
        "probabilities": (onnx.TensorProto.FLOAT, [0, len(faq_set.ENTRIES)]),
    }
    assert [(one.domain, one.version) for one in graph.opset_import] == [("", OPSET)]


@pytest.mark.parametrize(
    ("entries", "form"),
    [(2, "dense"), (2, "centroids"), *itertools.product((3, 10), FORMS)],  # margins: of 3 and more
)
@pytest.mark.parametrize("sublinear_tf", [True, False])
def test_every_text_gets_the_probabilities_of_scikit_learn(
    make_model: Callable[..., FaqClassifier],
    run: Run,
    entries: int,
    form: str,
    sublinear_tf: bool,
) -> None:
    model = make_model(entries, form, sublinear_tf=sublinear_tf)
    found = run(to_onnx(model), model, TEXTS)
    assert found.dtype == np.float32
    assert found.shape == (len(TEXTS), entries)
    np.testing.assert_allclose(found, model.predict_proba(TEXTS), atol=CLOSE)
    assert found.max() > 0.7
    assert found.max(axis=1).min() < 0.5


@given(
    st.lists(
        st.one_of(
            st.text(max_size=50),
            st.lists(st.sampled_from(" ".join(TEXTS[-80:]).split()), max_size=20).map(" ".join),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_any_text_gets_the_probabilities_of_scikit_learn(
    model: FaqClassifier, session: ort.InferenceSession, texts: list[str]
) -> None:
    found = session.run(None, feeds(model, texts))[0]
    np.testing.assert_allclose(found, model.predict_proba(texts), atol=CLOSE)


def test_texts_without_a_known_term(model: FaqClassifier, session: ort.InferenceSession) -> None:
    texts = ["", "\u4e00"]
    given_feeds = feeds(model, texts)
    assert given_feeds["indices"].shape == (2, 0)
    alone = session.run(None, given_feeds)[0]
    np.testing.assert_allclose(alone, model.predict_proba(texts), atol=CLOSE)
    mixed = session.run(None, feeds(model, [*texts, "how to sort array"]))[0]
    np.testing.assert_allclose(mixed[:2], alone, atol=1e-7)


@pytest.mark.parametrize("columns", [1, 7, 300])
def test_padding_does_not_matter(
    model: FaqClassifier, session: ort.InferenceSession, columns: int
) -> None:
    short = feeds(model, TEXTS)
    terms = len(model.vocabulary.terms)
    padded = {
        "indices": np.pad(short["indices"], ((0, 0), (0, columns)), constant_values=terms),
        "counts": np.pad(short["counts"], ((0, 0), (0, columns))),
    }
    np.testing.assert_allclose(session.run(None, padded)[0], session.run(None, short)[0], atol=1e-6)


def test_a_row_does_not_depend_on_its_batch(
    model: FaqClassifier, session: ort.InferenceSession
) -> None:
    together = session.run(None, feeds(model, TEXTS))[0]
    alone = [session.run(None, feeds(model, [text]))[0][0] for text in TEXTS]
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_the_order_of_terms_does_not_matter(
    model: FaqClassifier, session: ort.InferenceSession
) -> None:
    given_feeds = feeds(model, TEXTS[-20:])
    turned = {name: np.ascontiguousarray(rows[:, ::-1]) for name, rows in given_feeds.items()}
    np.testing.assert_allclose(
        session.run(None, turned)[0], session.run(None, given_feeds)[0], atol=CLOSE
    )


@pytest.mark.parametrize("temperature", [1e-2, 1.0, 50.0])
@pytest.mark.parametrize("bias", [-500.0, 0.0, 500.0])
def test_extreme_calibrations(
    model: FaqClassifier, run: Run, temperature: float, bias: float
) -> None:
    calibration = Calibration(temperature, np.array([1.0, 1.0, 1.0, 1.0]), bias)
    extreme = FaqClassifier(model.pipeline, calibration)
    found = run(to_onnx(extreme), extreme, TEXTS)
    np.testing.assert_allclose(found, extreme.predict_proba(TEXTS), atol=CLOSE)
    assert_at_most_one(found)


def test_terms_of_the_gate_may_cancel(model: FaqClassifier, run: Run) -> None:
    """As they do for a classifier that knows little, whose temperature is high."""
    mass = float(np.median(features(logits(model.pipeline, TEXTS), 5.0)[:, 2]))
    calibration = Calibration(5.0, np.array([0.0, 0.0, 500.0, 0.0]), -500 * mass - 1)
    unsure = FaqClassifier(model.pipeline, calibration)
    found = run(to_onnx(unsure), unsure, TEXTS).max(axis=1)
    np.testing.assert_allclose(found, unsure.predict_proba(TEXTS).max(axis=1), atol=CLOSE)
    assert np.ptp(found) > 0.01


@pytest.fixture(scope="module", params=[{"few": 2000}, {}, FORMS["centroids"]], ids=list(FORMS))
def large(request: pytest.FixtureRequest) -> FaqClassifier:
    """More entries than may have a probability, many of them as good as each other."""
    entries = CANDIDATES + 200
    texts = [f"thing{number} w{number % 7} common" for number in range(entries)]
    pipeline = classifier(entries, **{"texts": entries} | request.param)
    pipeline.fit(texts * 2, [*range(entries)] * 2)
    return FaqClassifier(pipeline, Calibration(0.2, np.array([0.0, 0.0, 0.0, 1.0]), 0.0))


def test_of_many_entries_the_best_have_a_probability(large: FaqClassifier, run: Run) -> None:
    texts = [f"thing{number} common" for number in range(0, 1200, 60)]
    texts += ["thing7 thing8", "common", "w3 w4", "", "\u4e00", "nothing known"]
    found = run(to_onnx(large), large, texts)
    expected = large.predict_proba(texts)
    # Which of nearly equal entries is the last to have one is a matter of float32's rounding.
    np.testing.assert_allclose(np.sort(found), np.sort(expected), atol=CLOSE)
    both = (found > 0) & (expected > 0)
    np.testing.assert_allclose(found[both], expected[both], atol=CLOSE)
    assert ((found > 0).sum(axis=1) == CANDIDATES).all()
    assert found.argmax(axis=1)[:20].tolist() == [*range(0, 1200, 60)]
    assert_at_most_one(found)


def test_without_a_known_term_the_first_of_equal_entries_have_a_probability(run: Run) -> None:
    entries = CANDIDATES + 200
    pipeline = classifier(entries, **FORMS["centroids"])
    pipeline.fit([f"thing{number}" for number in range(entries)] * 2, [*range(entries)] * 2)
    model = FaqClassifier(pipeline, Calibration(1.0, np.zeros(4), 50.0))
    (found,) = run(to_onnx(model), model, [""])
    np.testing.assert_allclose(found[:CANDIDATES], 1 / CANDIDATES, rtol=1e-4)
    assert not found[CANDIDATES:].any()


def assert_at_most_one(probabilities: Probabilities) -> None:
    """Whether they are summed as they are, in float32, or as a client of the server does it."""
    assert probabilities.sum(axis=1).max() <= 1
    assert probabilities.sum(axis=1, dtype=np.float64).max() <= 1
    assert probabilities.min() >= 0


def test_no_tensor_is_as_wide_as_the_vocabulary(
    graph: onnx.ModelProto, model: FaqClassifier
) -> None:
    watched = onnx.ModelProto()
    watched.CopyFrom(graph)
    inferred = onnx.shape_inference.infer_shapes(graph).graph.value_info
    watched.graph.output.extend(inferred)
    names = {name for node in graph.graph.node for name in node.output if name}
    assert names == {value.name for value in watched.graph.output}
    session = ort.InferenceSession(watched.SerializeToString(), providers=["CPUExecutionProvider"])
    given_feeds = feeds(model, ["sort", "join"])
    width, terms = given_feeds["indices"].shape[1], len(model.vocabulary.terms)
    # A term has at most so many postings, of which the last ones of a block may be empty.
    most = 2 * width * max(16, len(faq_set.ENTRIES))
    assert most < terms
    widest = max(max(value.shape, default=0) for value in session.run(None, given_feeds))
    assert widest <= most


@pytest.mark.parametrize("settings", [{"norm": "l1"}, {"norm": None}, {"use_idf": False}])
def test_other_weights_are_refused(
    make_model: Callable[..., FaqClassifier], settings: dict[str, Any]
) -> None:
    model = make_model(2)
    model.pipeline.set_params(kindtfidf=TfidfTransformer(**settings))
    with pytest.raises(ConversionError, match="use norm='l2' and use_idf=True"):
        to_onnx(model)
