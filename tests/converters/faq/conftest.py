"""A small FAQ model and its graph, for the tests of both."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from converters.faq.model import TRAINABLE, Calibration, FaqClassifier, classifier
from server.session import Probabilities
from server.tokenizer import pad
from tests import faq_set

Run = Callable[[onnx.ModelProto, FaqClassifier, Sequence[str]], Probabilities]

# Of so many texts no margin is learned; `few` is 0 where only the strongest terms are to be kept.
FORMS: dict[str, dict[str, Any]] = {
    "dense": {},
    "margins": {"few": 0},
    "centroids": {"few": 0, "texts": TRAINABLE},
}


@pytest.fixture(scope="session")
def calibration() -> Calibration:
    """One under which probabilities are neither all close to 0 nor all close to 1."""
    return Calibration(temperature=0.2, weights=np.array([1.0, 2.0, -0.25, 0.5]), bias=-0.5)


@pytest.fixture(scope="session")
def make_model(calibration: Calibration) -> Callable[..., FaqClassifier]:
    """A model of the first `entries` entries, in a form of FORMS, with these TF-IDF settings."""

    def make(
        entries: int = len(faq_set.ENTRIES), form: str = "dense", **settings: Any
    ) -> FaqClassifier:
        found = faq_set.duplicates(entries)
        pipeline = classifier(entries, **{"texts": len(found)} | FORMS[form]).set_params(
            **{f"kindtfidf__{name}": value for name, value in settings.items()}
        )
        pipeline.fit([one.text for one in found], [one.entry for one in found])
        return FaqClassifier(pipeline, calibration)

    return make


@pytest.fixture(scope="session", params=list(FORMS))
def model(
    request: pytest.FixtureRequest, make_model: Callable[..., FaqClassifier]
) -> FaqClassifier:
    """A model of every entry, in each form."""
    return make_model(form=request.param)


@pytest.fixture(scope="session")
def run() -> Run:
    """What a graph gives for texts, which come as one batch."""

    def run_batch(
        graph: onnx.ModelProto, model: FaqClassifier, texts: Sequence[str]
    ) -> Probabilities:
        session = ort.InferenceSession(
            graph.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        vocabulary = model.vocabulary
        indices, counts = pad([vocabulary.encode(text) for text in texts], len(vocabulary.terms))
        found: Probabilities = session.run(None, {"indices": indices, "counts": counts})[0]
        return found

    return run_batch
