from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converters.faq import data
from converters.faq.model import Calibration
from converters.faq.pairs_fit import fit
from converters.faq.pairs_graph import to_onnx
from converters.faq.pairs_model import PairClassifier
from converters.faq.samples import ADVERSARIAL
from server.session import Feeds
from server.tokenizer import pad
from tests import faq_set

TEXTS = [*ADVERSARIAL, *faq_set.NO_MATCH, *(one.text for one in faq_set.DUPLICATES)]
CLOSE = 1e-6


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    """One for log odds of LightGBM, which are farther apart than the matcher's own."""
    return Calibration(temperature=2.0, weights=np.array([0.5, 0.25, -0.125, 0.25]), bias=-0.5)


@pytest.fixture(scope="module")
def classifier(calibration: Calibration) -> PairClassifier:
    return PairClassifier(fit(faq_set.ENTRIES, faq_set.DUPLICATES * 4, trees=60), calibration)


@pytest.fixture(scope="module")
def graph(classifier: PairClassifier) -> onnx.ModelProto:
    return to_onnx(classifier)


@pytest.fixture(scope="module")
def session(graph: onnx.ModelProto) -> ort.InferenceSession:
    return open_graph(graph)


def open_graph(graph: onnx.ModelProto) -> ort.InferenceSession:
    return ort.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])


def feeds(model: PairClassifier, texts: list[str]) -> Feeds:
    terms = model.vocabulary
    indices, counts = pad([terms.encode(text) for text in texts], len(terms.terms))
    return {"indices": indices, "counts": counts}


def test_inputs_and_output(graph: onnx.ModelProto) -> None:
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


def test_every_text_gets_the_probabilities_of_lightgbm(
    classifier: PairClassifier, session: ort.InferenceSession
) -> None:
    found = session.run(None, feeds(classifier, TEXTS))[0]
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, classifier.predict_proba(TEXTS), atol=CLOSE)
    assert found.max() > 0.5
    assert found.max(axis=1).min() < 0.2


@given(
    st.lists(
        st.lists(st.sampled_from(" ".join(TEXTS[-80:]).split()), max_size=20).map(" ".join),
        min_size=1,
        max_size=5,
    )
)
def test_any_text_gets_the_probabilities_of_lightgbm(
    classifier: PairClassifier, session: ort.InferenceSession, texts: list[str]
) -> None:
    found = session.run(None, feeds(classifier, texts))[0]
    np.testing.assert_allclose(found, classifier.predict_proba(texts), atol=CLOSE)


@pytest.mark.parametrize("entries", [3, 4])
@pytest.mark.parametrize("trees", [1, 5])
def test_few_entries_and_trees(calibration: Calibration, entries: int, trees: int) -> None:
    model = fit(faq_set.ENTRIES[:entries], faq_set.DUPLICATES[: 8 * entries] * 5, trees)
    classifier = PairClassifier(model, calibration)
    found = open_graph(to_onnx(classifier)).run(None, feeds(classifier, TEXTS))[0]
    np.testing.assert_allclose(found, classifier.predict_proba(TEXTS), atol=CLOSE)


def test_the_first_trees_alone(classifier: PairClassifier) -> None:
    few = PairClassifier(replace(classifier.model, trees=3), classifier.calibration)
    found = open_graph(to_onnx(few)).run(None, feeds(few, TEXTS))[0]
    np.testing.assert_allclose(found, few.predict_proba(TEXTS), atol=CLOSE)
    assert np.abs(found - classifier.predict_proba(TEXTS)).max() > 0.01


def test_texts_without_a_known_term(
    classifier: PairClassifier, session: ort.InferenceSession
) -> None:
    texts = ["", "\u4e00"]
    given_feeds = feeds(classifier, texts)
    assert given_feeds["indices"].shape == (2, 0)
    found = session.run(None, given_feeds)[0]
    np.testing.assert_allclose(found, classifier.predict_proba(texts), atol=CLOSE)


@pytest.mark.parametrize("columns", [1, 300])
def test_padding_does_not_matter(
    classifier: PairClassifier, session: ort.InferenceSession, columns: int
) -> None:
    short = feeds(classifier, TEXTS)
    terms = len(classifier.vocabulary.terms)
    padded = {
        "indices": np.pad(short["indices"], ((0, 0), (0, columns)), constant_values=terms),
        "counts": np.pad(short["counts"], ((0, 0), (0, columns))),
    }
    np.testing.assert_array_equal(session.run(None, padded)[0], session.run(None, short)[0])


def test_a_row_does_not_depend_on_its_batch(
    classifier: PairClassifier, session: ort.InferenceSession
) -> None:
    together = session.run(None, feeds(classifier, TEXTS))[0]
    alone = [session.run(None, feeds(classifier, [text]))[0][0] for text in TEXTS]
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize("temperature", [1e-3, 50.0])
@pytest.mark.parametrize("bias", [-500.0, 500.0])
def test_extreme_calibrations(classifier: PairClassifier, temperature: float, bias: float) -> None:
    calibration = Calibration(temperature, np.array([1.0, 1.0, 1.0, 1.0]), bias)
    extreme = PairClassifier(classifier.model, calibration)
    found = open_graph(to_onnx(extreme)).run(None, feeds(extreme, TEXTS))[0]
    np.testing.assert_allclose(found, extreme.predict_proba(TEXTS), atol=CLOSE)
    assert found.sum(axis=1, dtype=np.float64).max() <= 1


@pytest.mark.parametrize("name", ["askubuntu_titles_min12", "stackfaq"])
def test_real_questions(faq_sets: Path, calibration: Calibration, name: str) -> None:
    entries = data.read_originals(faq_sets / name / "originals.tsv")
    known = data.read_duplicates(faq_sets / name / "duplicates_train.tsv", entries)
    asked = data.read_duplicates(faq_sets / name / "duplicates_test.tsv", entries)
    classifier = PairClassifier(fit(entries, known, trees=100), calibration)
    texts = [one.text for one in (*asked, *known[:500])]
    found = open_graph(to_onnx(classifier)).run(None, feeds(classifier, texts))[0]
    np.testing.assert_allclose(found, classifier.predict_proba(texts), atol=CLOSE)
