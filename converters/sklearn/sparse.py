"""The features of a batch of texts inside the graph, as the few terms that each text has.

What works on columns is kept as a factor for each term until the rows meet a matrix, whose rows it
then scales before they are stored.
"""

from dataclasses import dataclass, replace

import numpy as np

from converters.sklearn.graph import Graph, Imprecise
from converters.sklearn.rows import Columns, DenseRows, Matrix, Rows, binarized, normalized

# Above this, float32 products of rows of length 1 with a matrix can be off by more than 1e-6.
_LARGE = 50.0


@dataclass(frozen=True)
class SparseRows:
    """`indices` [N, T] of terms with their `values` [N, T]; the index after the last is padding.

    `columns` [terms] is the column of each term, -1 where it has none, and `factors` [terms + 1]
    what its values are still to be multiplied by (0 for padding). `counts` says that the values
    are how often terms stand there, and `unit` that rows are normalised.
    """

    graph: Graph
    indices: str
    values: str
    columns: Columns
    width: int
    factors: Matrix | None = None
    counts: bool = False
    unit: bool = False

    def scaled(self, factors: Matrix) -> "SparseRows":
        """See Rows."""
        return replace(self._times(factors), counts=False, unit=False)

    def selected(self, columns: Columns) -> "SparseRows":
        """See Rows."""
        place = np.full(self.width, -1, np.int64)
        place[columns] = np.arange(len(columns))
        kept = np.where(self.columns >= 0, place[self.columns], -1)
        made = self._times((place >= 0).astype(np.float64))
        return replace(made, columns=kept, width=len(columns))

    def normalized(self, norm: str) -> "SparseRows":
        """See Rows."""
        applied = self._applied()
        values = normalized(self.graph, applied.values, norm)
        return replace(applied, values=values, counts=False, unit=True)

    def binarized(self, threshold: float) -> "SparseRows":
        """See Rows; `threshold` must not be negative."""
        applied = self._applied()
        values = binarized(self.graph, applied.values, threshold)
        return replace(applied, values=values, counts=True, unit=False)

    def projected(self, matrix: Matrix) -> str:
        """See Rows; raises Imprecise where float32 is too coarse."""
        if not (self.graph.exact or (self.unit and np.abs(matrix).max(initial=0) <= _LARGE)):
            raise Imprecise
        of_terms = np.zeros((len(self.columns) + 1, matrix.shape[1]))
        of_terms[:-1][self.columns >= 0] = matrix[self.columns[self.columns >= 0]]
        if self.factors is not None:
            of_terms *= self.factors[:, np.newaxis]
        graph = self.graph
        axis = graph.integers(1)
        rows = graph.add("Unsqueeze", self.values, axis)  # [N, 1, T]
        product = graph.add(
            "MatMul", rows, graph.add("Gather", graph.number(of_terms), self.indices)
        )
        return graph.add("Squeeze", product, axis)

    def dense(self) -> "DenseRows":
        """See Rows."""
        graph, applied = self.graph, self._applied()
        width = graph.integers(self.width + 1)
        of_terms = np.append(np.where(self.columns >= 0, self.columns, self.width), self.width)
        places = graph.add("Gather", graph.weight(of_terms), self.indices)
        texts = graph.add("Shape", self.indices, start=0, end=1)
        zeros = graph.add("Expand", graph.number(0.0), graph.add("Concat", texts, width, axis=0))
        filled = graph.add(
            "ScatterElements", zeros, places, applied.values, axis=1, reduction="add"
        )
        kept = graph.add(
            "Slice", filled, graph.integers(0), graph.integers(self.width), graph.integers(1)
        )
        return DenseRows(graph, kept, self.width)

    def with_values(self, values: str) -> "SparseRows":
        """Other values, which are no counts any more, for the same terms."""
        return replace(self, values=values, counts=False, unit=False)

    def _times(self, factors: Matrix) -> "SparseRows":
        before = np.ones(len(self.columns) + 1) if self.factors is None else self.factors
        of_terms = np.append(np.where(self.columns >= 0, factors[self.columns], 0.0), 0.0)
        return replace(self, factors=before * of_terms)

    def _applied(self) -> "SparseRows":
        """The same, with nothing left to multiply by."""
        if self.factors is None:
            return self
        factors = self.graph.add("Gather", self.graph.number(self.factors), self.indices)
        return replace(self, values=self.graph.add("Mul", self.values, factors), factors=None)


def joined(parts: list[Rows]) -> Rows:
    """The features of all `parts` beside each other; sparse where all of them are."""
    graph, width = parts[0].graph, sum(part.width for part in parts)
    sparse = [part for part in parts if isinstance(part, SparseRows)]
    if len(sparse) < len(parts):
        tensors = [part.dense().tensor for part in parts]
        return DenseRows(graph, graph.add("Concat", *tensors, axis=1), width)
    return _joined_sparse(graph, sparse, width)


def _joined_sparse(graph: Graph, parts: list[SparseRows], width: int) -> SparseRows:
    indices, columns, factors = [], [], []
    terms = before = 0
    for part in parts:
        shifted = graph.add("Add", part.indices, graph.integers(terms)) if terms else part.indices
        indices.append(shifted)
        columns.append(np.append(np.where(part.columns >= 0, part.columns + before, -1), -1))
        own = np.append(np.ones(len(part.columns)), 0.0)
        factors.append(own if part.factors is None else part.factors)
        terms += len(part.columns) + 1
        before += part.width
    return SparseRows(
        graph,
        graph.add("Concat", *indices, axis=1),
        graph.add("Concat", *(part.values for part in parts), axis=1),
        np.concatenate(columns)[:-1],
        width,
        factors=np.concatenate(factors),
        counts=all(part.counts for part in parts),
        unit=all(part.unit for part in parts),
    )
