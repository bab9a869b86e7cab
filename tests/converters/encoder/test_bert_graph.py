"""BERT's graph: valid ONNX, fast in ONNX Runtime, and right in any batch."""

from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from converters.encoder.bert import Bert
from converters.encoder.bert_graph import to_onnx
from converters.encoder.pooling import Pooling
from server.subwords import pad_tokens
from tests.converters.encoder import reference
from tests.converters.encoder.folder import CONFIG, random_weights

ROWS = [np.array(row, np.int64) for row in ([2, 7, 9, 3], [2, 3], [2, *[5] * 20, 3], [2, 0, 3])]


@pytest.fixture(scope="module")
def graph() -> onnx.ModelProto:
    return to_onnx(Bert.from_config(CONFIG), random_weights(), "mean")


def _session(graph: onnx.ModelProto, optimised: Path | None = None) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    if optimised is not None:
        options.optimized_model_filepath = str(optimised)
    return ort.InferenceSession(
        graph.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_a_mixed_batch_is_what_numpy_gives_text_by_text(pooling: Pooling) -> None:
    weights = random_weights(1)
    session = _session(to_onnx(Bert.from_config(CONFIG), weights, pooling))
    found = session.run(None, {"tokens": pad_tokens(ROWS)})[0]
    expected = [reference.embedding(weights, CONFIG, row, pooling) for row in ROWS]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


def test_it_is_valid_and_fits_other_graphs(graph: onnx.ModelProto) -> None:
    onnx.checker.check_model(graph, full_check=True)
    assert [(one.domain, one.version) for one in graph.opset_import] == [("", 18)]
    assert all(node.name.startswith("encoder.") for node in graph.graph.node)


def test_no_rows_give_no_embeddings(graph: onnx.ModelProto) -> None:
    found = _session(graph).run(None, {"tokens": pad_tokens([])})[0]
    assert found.shape == (0, CONFIG["hidden_size"])


def test_onnx_runtime_fuses_what_it_can(graph: onnx.ModelProto, tmp_path: Path) -> None:
    _session(graph, tmp_path / "optimised.onnx")
    kinds = Counter(node.op_type for node in onnx.load(tmp_path / "optimised.onnx").graph.node)
    layers = CONFIG["num_hidden_layers"]
    assert kinds["BiasGelu"] == layers
    assert kinds["LayerNormalization"] + kinds["SkipLayerNormalization"] == 2 * layers + 1
    assert kinds["Erf"] == 0
    assert kinds["MatMul"] + kinds["FusedMatMul"] <= 6 * layers + 1  # one for q, k, v together
