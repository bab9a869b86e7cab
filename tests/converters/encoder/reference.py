"""BERT and pooling in plain numpy and float64, one text at a time."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import erf

Array = npt.NDArray[Any]


def embedding(
    weights: Mapping[str, Array], config: Mapping[str, Any], tokens: Array, pooling: str = "mean"
) -> Array:
    """The embedding float64 [width] of one text's `tokens` int64 [S]; `weights` are float32."""
    epsilon = config["layer_norm_eps"]

    def dense(name: str, value: Array) -> Array:
        weight = weights[f"{name}.weight"].astype(np.float64)
        return np.asarray(value @ weight.T + weights[f"{name}.bias"])

    def norm(name: str, value: Array) -> Array:
        centred = value - value.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + epsilon)
        return np.asarray(scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"])

    hidden = weights["embeddings.word_embeddings.weight"][tokens].astype(np.float64)
    hidden = hidden + weights["embeddings.position_embeddings.weight"][: len(tokens)]
    hidden = norm(
        "embeddings.LayerNorm", hidden + weights["embeddings.token_type_embeddings.weight"][0]
    )
    size = config["hidden_size"] // config["num_attention_heads"]
    for layer in range(config["num_hidden_layers"]):
        at = f"encoder.layer.{layer}."
        contexts = []
        query, key, value = (
            dense(f"{at}attention.self.{part}", hidden) for part in ("query", "key", "value")
        )
        for start in range(0, config["hidden_size"], size):
            head = slice(start, start + size)
            scores = np.exp(query[:, head] @ key[:, head].T / np.sqrt(size))
            contexts.append(scores / scores.sum(1, keepdims=True) @ value[:, head])
        attended = dense(f"{at}attention.output.dense", np.concatenate(contexts, axis=1))
        hidden = norm(f"{at}attention.output.LayerNorm", attended + hidden)
        inner = dense(f"{at}intermediate.dense", hidden)
        inner = 0.5 * inner * (1 + erf(inner / np.sqrt(2)))
        hidden = norm(f"{at}output.LayerNorm", dense(f"{at}output.dense", inner) + hidden)
    pooled = hidden.mean(axis=0) if pooling == "mean" else hidden[0]
    return np.asarray(pooled / np.linalg.norm(pooled))
