"""LightGBM's trees as the tables of ONNX's TreeEnsemble, with thresholds and leaves in float64.

onnxmltools writes both as float32, which sends features that lie close together down the wrong
branch, and whose sums over thousands of trees are off by more than the parity allowed.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

if TYPE_CHECKING:
    import lightgbm

_AT_MOST = 0  # TreeEnsemble's node mode for "value <= threshold"
_SUM = 1  # its way to aggregate

Numbers = npt.NDArray[np.int64]
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Trees:
    """Inner nodes and leaves of all trees.

    A node goes to `below` where its feature is at most its threshold, else to `above`, both
    [nodes]: a leaf's number where `below_leaf` or `above_leaf`, else a node's. `roots` are nodes.
    """

    features: Numbers
    thresholds: Array
    below: Numbers
    below_leaf: npt.NDArray[np.bool_]
    above: Numbers
    above_leaf: npt.NDArray[np.bool_]
    roots: Numbers
    leaves: Array

    def node(self, columns: Numbers, features: str, sums: str) -> onnx.NodeProto:
        """TreeEnsemble from `features` double [N, ...] to `sums` double [N, 1].

        `columns` [nodes] say where each node's feature is.
        """
        return helper.make_node(
            "TreeEnsemble",
            [features],
            [sums],
            domain="ai.onnx.ml",
            n_targets=1,
            aggregate_function=_SUM,
            tree_roots=self.roots.tolist(),
            nodes_featureids=columns.tolist(),
            nodes_splits=numpy_helper.from_array(self.thresholds),
            nodes_modes=numpy_helper.from_array(np.full(len(columns), _AT_MOST, np.uint8)),
            nodes_truenodeids=self.below.tolist(),
            nodes_falsenodeids=self.above.tolist(),
            nodes_trueleafs=self.below_leaf.astype(int).tolist(),
            nodes_falseleafs=self.above_leaf.astype(int).tolist(),
            leaf_targetids=[0] * len(self.leaves),
            leaf_weights=numpy_helper.from_array(self.leaves),
        )


def flatten(booster: "lightgbm.Booster", trees: int) -> Trees:
    """The first `trees` trees of `booster`, whose features are numbers and never missing."""
    nodes: list[_Node] = []
    leaves: list[float] = []
    roots = []
    for tree in booster.dump_model(num_iteration=trees)["tree_info"]:
        root = tree["tree_structure"]
        if "leaf_value" in root:  # no split at all; ONNX wants one
            root = {"split_feature": 0, "threshold": 0.0, "left_child": root, "right_child": root}
        roots.append(_add(root, nodes, leaves)[0])
    kinds = ("i8", "f8", "i8", "?", "i8", "?")
    columns = zip(zip(*nodes, strict=True), kinds, strict=True)
    arrays: list[Any] = [np.array(column, kind) for column, kind in columns]
    return Trees(*arrays, np.array(roots, np.int64), np.array(leaves))  # type: ignore[call-arg]


_Node = tuple[int, float, int, bool, int, bool]  # as the fields of Trees


def _add(node: dict[str, Any], nodes: list[_Node], leaves: list[float]) -> tuple[int, bool]:
    """Add what `node` is the root of; its number among the nodes, or the leaves where True."""
    if "leaf_value" in node:
        leaves.append(node["leaf_value"])
        return len(leaves) - 1, True
    number = len(nodes)
    feature, threshold = node["split_feature"], node["threshold"]
    nodes.append((feature, threshold, 0, True, 0, True))  # keeps the place
    below, above = (_add(node[side], nodes, leaves) for side in ("left_child", "right_child"))
    nodes[number] = (feature, threshold, *below, *above)
    return number, False
