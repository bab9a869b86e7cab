"""Real questions for pipelines, and the comparison of their graphs with them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from sklearn.pipeline import make_pipeline

from converters.faq.samples import ADVERSARIAL
from converters.sklearn.convert import to_onnx
from converters.sklearn.samples import within_limit
from server.contract import Entry, FaqContract
from tests.tiny import PROVENANCE

CLOSE = 1e-5
_FOLDER = Path(__file__).parents[3] / "converters/faq/javascript"


def _records(name: str) -> list[dict[str, str]]:
    lines = (_FOLDER / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


_PAIRS = [(one["text"], one["id"]) for one in _records("originals.jsonl")]
_PAIRS += [(one["text"], one["original_id"]) for one in _records("duplicates_train.jsonl")]
_KEPT = sorted({label for _, label in _PAIRS})[:6]
TEXTS, LABELS = zip(*(pair for pair in _PAIRS if pair[1] in _KEPT), strict=True)
TWO_TEXTS, TWO_LABELS = zip(*(pair for pair in _PAIRS if pair[1] in _KEPT[:2]), strict=True)
ASKED = [one["text"] for one in _records("duplicates_test.jsonl")]


def fitted(*steps: Any) -> Any:
    """A pipeline of these steps that knows six entries."""
    return make_pipeline(*steps).fit(TEXTS, LABELS)


def fitted_two(*steps: Any) -> Any:
    """A pipeline of these steps that knows two entries."""
    return make_pipeline(*steps).fit(TWO_TEXTS, TWO_LABELS)


class Converted:
    """A pipeline's graph, its entries in the order of the model's classes."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.graph, vocabulary = to_onnx(model, np.arange(len(model.classes_)))
        onnx.checker.check_model(self.graph, full_check=True)
        self.contract = FaqContract(
            vocabulary=vocabulary,
            entries=tuple(Entry(id=str(one), question="?") for one in model.classes_),
            threshold=0,
            provenance=PROVENANCE,
        )
        quiet = ort.SessionOptions()
        quiet.log_severity_level = 3
        self.session = ort.InferenceSession(
            self.graph.SerializeToString(), quiet, providers=["CPUExecutionProvider"]
        )

    def ask(self, texts: Sequence[str]) -> Any:
        """Probabilities of one batch."""
        feeds = self.contract.feeds([self.contract.encode(text) for text in texts])
        return self.session.run(None, feeds)[0]


def assert_agrees(model: Any, asked: Sequence[str] = (*TEXTS, *ASKED)) -> Converted:
    """Every text, adversarial ones too, gets the model's probabilities, alone or with others."""
    converted = Converted(model)
    texts = within_limit(asked, converted.contract)
    assert len(texts) > len(ADVERSARIAL)
    expected = model.predict_proba(texts)
    np.testing.assert_allclose(converted.ask(texts), expected, rtol=0, atol=CLOSE)
    for text, row in zip(texts[:80], expected, strict=False):
        np.testing.assert_allclose(converted.ask([text])[0], row, rtol=0, atol=CLOSE)
    assert np.ptp(expected) > 0.05, "the model tells nothing apart"
    return converted


def is_exact(converted: Converted) -> bool:
    """Whether the graph computes in float64 from the counts on."""
    return any(
        node.op_type == "Cast" and node.input[0] == "counts" for node in converted.graph.graph.node
    )
