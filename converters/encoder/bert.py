"""BERT: its sizes and the weights that it needs, by the names of Hugging Face's files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from converters.export import ConversionError

Array = npt.NDArray[np.float32]
Weights = Mapping[str, Array]

_FIELDS = {
    "layers": "num_hidden_layers",
    "heads": "num_attention_heads",
    "width": "hidden_size",
    "inner": "intermediate_size",
    "vocabulary": "vocab_size",
    "positions": "max_position_embeddings",
    "types": "type_vocab_size",
}
# What the graph does; a setting that a config leaves out has this value.
_FIXED = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "position_embedding_type": "absolute",
    "is_decoder": False,
}


@dataclass(frozen=True)
class Bert:
    """The sizes of a BERT; `positions` is the longest text in tokens."""

    layers: int
    heads: int
    width: int
    inner: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """What a config.json says. Raises ConversionError for what the graph can't do."""
        for name, able in _FIXED.items():
            if config.get(name, able) != able:
                raise ConversionError(
                    f"config.json: {name} is {config[name]!r}, but only {able!r} is supported; "
                    "export this encoder to model.onnx and give a folder with it and tokenizer.json"
                )
        try:
            sizes = {field: int(config[name]) for field, name in _FIELDS.items()}
            found = cls(**sizes, epsilon=float(config.get("layer_norm_eps", 1e-12)))
        except (KeyError, TypeError, ValueError) as error:
            raise ConversionError(f"config.json: no size of a BERT: {error}") from error
        if min(sizes.values()) < 1 or found.width % found.heads:
            raise ConversionError(f"config.json: these sizes make no BERT: {sizes}")
        return found

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each weight by its name."""
        found = {
            "embeddings.word_embeddings.weight": (self.vocabulary, self.width),
            "embeddings.position_embeddings.weight": (self.positions, self.width),
            "embeddings.token_type_embeddings.weight": (self.types, self.width),
        } | _with_bias("embeddings.LayerNorm", (self.width,))
        for layer in range(self.layers):
            at = f"encoder.layer.{layer}"
            for part in ("self.query", "self.key", "self.value", "output.dense"):
                found |= _with_bias(f"{at}.attention.{part}", (self.width, self.width))
            found |= _with_bias(f"{at}.attention.output.LayerNorm", (self.width,))
            found |= _with_bias(f"{at}.intermediate.dense", (self.inner, self.width))
            found |= _with_bias(f"{at}.output.dense", (self.width, self.inner))
            found |= _with_bias(f"{at}.output.LayerNorm", (self.width,))
        return found

    def check(self, weights: Weights) -> None:
        """Raise ConversionError where one of the weights is missing, misshapen or not finite."""
        for name, shape in self.shapes().items():
            if name not in weights:
                raise ConversionError(f"model.safetensors has no weight {name}; is it a BERT's?")
            if weights[name].shape != shape:
                raise ConversionError(
                    f"model.safetensors: {name} is {weights[name].shape}, by config.json {shape}"
                )
            if not np.isfinite(weights[name]).all():
                raise ConversionError(f"model.safetensors: {name} has values that are not finite")


def _with_bias(name: str, shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
