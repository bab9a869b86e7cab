"""BERT with pooling as an ONNX graph."""

import math

import numpy as np
import onnx

from converters.encoder.bert import Array, Bert, Weights
from converters.encoder.pooling import Pooling, graph_of, normalise, pool, valid_tokens
from converters.nodes import Nodes

# Added to the scores of padding: e to the power of it is 0 in float32.
_MASKED = -1e4


def to_onnx(bert: Bert, weights: Weights, pooling: Pooling) -> onnx.ModelProto:
    """The graph: `tokens` int64 [N, S], negative for padding, to `embedding` float32 [N, width].

    S is at most `bert.positions`; `weights` have passed `bert.check`.
    """
    graph = _Graph(bert, weights)
    valid = valid_tokens(graph.nodes)
    hidden = graph.layers(graph.embeddings(), graph.mask(valid))
    normalise(graph.nodes, pool(graph.nodes, hidden, valid, pooling))
    return graph_of(graph.nodes, bert.width)


class _Graph:
    def __init__(self, bert: Bert, weights: Weights) -> None:
        self.bert = bert
        self.weights = weights
        self.nodes = Nodes()

    def embeddings(self) -> str:
        """Of each token: the word's vector and the place's, float32 [N, S, width]."""
        add, nodes = self.nodes.add, self.nodes
        words = nodes.weight("words", self.weights["embeddings.word_embeddings.weight"])
        places = nodes.weight(
            "places",
            self.weights["embeddings.position_embeddings.weight"]
            + self.weights["embeddings.token_type_embeddings.weight"][0],
        )
        word = add("Gather", words, add("Max", "tokens", nodes.scalar(0, np.int64)), name="word")
        length = add("Shape", "tokens", start=1)
        place = add("Slice", places, nodes.integers(0), length, nodes.integers(0), name="place")
        return self.norm(add("Add", word, place), "embeddings.LayerNorm")

    def mask(self, valid: str) -> str:
        """What is added to attention scores, float32 [N, 1, 1, S]."""
        return self.nodes.add(
            "Where",
            self.nodes.add("Unsqueeze", valid, self.nodes.integers(1, 2)),
            self.nodes.scalar(0),
            self.nodes.scalar(_MASKED),
            name="mask",
        )

    def layers(self, hidden: str, mask: str) -> str:
        """`hidden` float32 [N, S, width] after all layers."""
        add = self.nodes.add
        for layer in range(self.bert.layers):
            at = f"encoder.layer.{layer}"
            attended = self.dense(self.attention(hidden, mask, at), f"{at}.attention.output.dense")
            hidden = self.norm(add("Add", attended, hidden), f"{at}.attention.output.LayerNorm")
            inner = self.gelu(self.dense(hidden, f"{at}.intermediate.dense"))
            outer = self.dense(inner, f"{at}.output.dense")
            hidden = self.norm(add("Add", outer, hidden), f"{at}.output.LayerNorm")
        return hidden

    def attention(self, hidden: str, mask: str, at: str) -> str:
        """The heads' contexts side by side, float32 [N, S, width]."""
        add, nodes = self.nodes.add, self.nodes
        heads, size = self.bert.heads, self.bert.width // self.bert.heads
        # One product for all three; the scale of the scores goes into the queries.
        names = [f"{at}.attention.self.{part}" for part in ("query", "key", "value")]
        scales = np.repeat(np.array([1 / math.sqrt(size), 1, 1], np.float32), self.bert.width)
        weight = np.concatenate([self.weights[f"{name}.weight"] for name in names])
        bias = np.concatenate([self.weights[f"{name}.bias"] for name in names])
        projected = self.product(
            hidden, (weight * scales[:, np.newaxis]).T, bias * scales, f"{at}.attention.self"
        )
        split = add("Reshape", projected, nodes.integers(0, 0, 3, heads, size))
        parts = [add("Gather", split, nodes.scalar(part, np.int64), axis=2) for part in range(3)]
        query, value = (add("Transpose", parts[part], perm=[0, 2, 1, 3]) for part in (0, 2))
        key = add("Transpose", parts[1], perm=[0, 2, 3, 1])
        scores = add("Add", add("MatMul", query, key), mask)
        context = add("MatMul", add("Softmax", scores, axis=-1), value)  # [N, heads, S, size]
        back = add("Transpose", context, perm=[0, 2, 1, 3])
        return add("Reshape", back, nodes.integers(0, 0, self.bert.width))

    def dense(self, value: str, name: str) -> str:
        """`value` through the layer of that name."""
        weight, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        return self.product(value, weight.T, bias, name)

    def product(self, value: str, weight: Array, bias: Array, name: str) -> str:
        """`value` @ `weight` + `bias`."""
        nodes = self.nodes
        product = nodes.add("MatMul", value, nodes.weight(f"{name}.weight", weight), name=name)
        return nodes.add("Add", product, nodes.weight(f"{name}.bias", bias))

    def norm(self, value: str, name: str) -> str:
        """The layer norm of that name."""
        weights = (
            self.nodes.weight(f"{name}.{part}", self.weights[f"{name}.{part}"])
            for part in ("weight", "bias")
        )
        return self.nodes.add(
            "LayerNormalization", value, *weights, name=name, axis=-1, epsilon=self.bert.epsilon
        )

    def gelu(self, value: str) -> str:
        """The exact Gelu, in the form that ONNX Runtime turns into one node."""
        add, scalar = self.nodes.add, self.nodes.scalar
        error = add("Erf", add("Div", value, scalar(math.sqrt(2))))
        return add("Mul", add("Mul", value, add("Add", error, scalar(1))), scalar(0.5))
