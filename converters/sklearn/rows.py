"""The features of a batch of texts inside the graph, as a tensor."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from converters.sklearn.graph import Graph

Matrix = npt.NDArray[np.float64]
Columns = npt.NDArray[np.int64]


class Rows(Protocol):
    """Rows of `width` features, inside `graph`."""

    @property
    def graph(self) -> Graph:
        """The graph that they are part of."""

    @property
    def width(self) -> int:
        """Number of features."""

    def scaled(self, factors: Matrix) -> "Rows":
        """Each column times its own of `factors` [width]."""

    def selected(self, columns: Columns) -> "Rows":
        """These columns only, in their order."""

    def normalized(self, norm: str) -> "Rows":
        """Each row divided by its norm "l1", "l2" or "max", but rows of zeros."""

    def binarized(self, threshold: float) -> "Rows":
        """1 where a value is above `threshold`, else 0."""

    def projected(self, matrix: Matrix) -> str:
        """The tensor [N, k] that is the product with `matrix` [width, k]."""

    def dense(self) -> "DenseRows":
        """The same as a tensor as wide as there are features."""


@dataclass(frozen=True)
class DenseRows:
    """A tensor of features [N, width]."""

    graph: Graph
    tensor: str
    width: int

    def scaled(self, factors: Matrix) -> "DenseRows":
        """See Rows."""
        return self._with(self.graph.add("Mul", self.tensor, self.graph.number(factors)))

    def shifted(self, offsets: Matrix) -> "DenseRows":
        """Each column plus its own of `offsets` [width]."""
        return self._with(self.graph.add("Add", self.tensor, self.graph.number(offsets)))

    def selected(self, columns: Columns) -> "DenseRows":
        """See Rows."""
        chosen = self.graph.add("Gather", self.tensor, self.graph.weight(columns), axis=1)
        return DenseRows(self.graph, chosen, len(columns))

    def normalized(self, norm: str) -> "DenseRows":
        """See Rows."""
        return self._with(normalized(self.graph, self.tensor, norm))

    def binarized(self, threshold: float) -> "DenseRows":
        """See Rows."""
        return self._with(binarized(self.graph, self.tensor, threshold))

    def projected(self, matrix: Matrix) -> str:
        """See Rows; raises Imprecise where float32 is too coarse."""
        self.graph.require_exact()
        return self.graph.add("MatMul", self.tensor, self.graph.number(matrix))

    def dense(self) -> "DenseRows":
        """See Rows."""
        return self

    def _with(self, tensor: str) -> "DenseRows":
        return DenseRows(self.graph, tensor, self.width)


def normalized(graph: Graph, values: str, norm: str) -> str:
    """Rows of `values` [N, any] divided by their norm, but rows of zeros."""
    if norm in ("l1", "l2"):
        return graph.add("LpNormalization", values, axis=1, p=int(norm[1]))
    # With a column of zeros beside them, as rows without a column have no largest value.
    sizes = graph.add("Abs", values)
    total = graph.add("ReduceSum", sizes, graph.integers(1), keepdims=1)
    zeros = graph.add("Mul", total, graph.number(0.0))
    sizes = graph.add("Concat", sizes, zeros, axis=1)
    largest = graph.add("ReduceMax", sizes, graph.integers(1), keepdims=1)
    nothing = graph.add("Equal", largest, graph.number(0.0))
    return graph.add("Div", values, graph.add("Where", nothing, graph.number(1.0), largest))


def binarized(graph: Graph, values: str, threshold: float) -> str:
    """1 where one of `values` is above `threshold`, else 0."""
    if threshold != 0:
        graph.require_exact()
    return graph.as_number(graph.add("Greater", values, graph.number(threshold)))
