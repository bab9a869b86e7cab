"""What a config.json and weights must be, and the refusals."""

from typing import Any

import numpy as np
import pytest

from converters.encoder.bert import Bert
from converters.export import ConversionError
from tests.converters.encoder.folder import CONFIG, random_weights


def test_the_sizes_are_read() -> None:
    bert = Bert.from_config(CONFIG)
    assert (bert.layers, bert.heads, bert.width, bert.inner) == (2, 4, 32, 64)
    assert (bert.vocabulary, bert.positions, bert.types) == (68, 24, 2)
    assert len(bert.shapes()) == 5 + 2 * 16


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("model_type", "mpnet", "model_type is 'mpnet', but only 'bert'"),
        ("model_type", "xlm-roberta", "export this encoder to model.onnx"),
        ("hidden_act", "gelu_new", "hidden_act is 'gelu_new'"),
        ("position_embedding_type", "relative_key", "position_embedding_type"),
        ("is_decoder", True, "is_decoder is True"),
        ("hidden_size", None, "no size of a BERT"),
        ("hidden_size", 30, "make no BERT"),
        ("num_hidden_layers", 0, "make no BERT"),
        ("layer_norm_eps", "small", "no size of a BERT"),
    ],
)
def test_what_the_graph_can_not_do_is_named(name: str, value: Any, said: str) -> None:
    with pytest.raises(ConversionError, match=r"^config\.json: ") as caught:
        Bert.from_config({**CONFIG, name: value})
    assert said in str(caught.value)


def test_a_missing_size_is_named() -> None:
    config = {name: value for name, value in CONFIG.items() if name != "vocab_size"}
    with pytest.raises(ConversionError, match="vocab_size"):
        Bert.from_config(config)


def test_weights_are_checked_by_name_shape_and_value() -> None:
    bert, weights = Bert.from_config(CONFIG), random_weights()
    bert.check({**weights, "pooler.dense.weight": np.zeros((1, 1), np.float32)})
    name = "encoder.layer.1.output.dense.weight"
    with pytest.raises(ConversionError, match=f"no weight {name}"):
        bert.check({other: value for other, value in weights.items() if other != name})
    with pytest.raises(ConversionError, match=r"is \(64, 32\), by config\.json \(32, 64\)"):
        bert.check({**weights, name: weights[name].T})
    broken = weights[name].copy()
    broken[0, 0] = np.nan
    with pytest.raises(ConversionError, match="not finite"):
        bert.check({**weights, name: broken})
