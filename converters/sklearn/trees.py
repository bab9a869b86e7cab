"""Trees and forests, by skl2onnx: scikit-learn, too, asks its trees in float32."""

from typing import Any

from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.tree import DecisionTreeClassifier

from converters.sklearn.graph import OPSET, TREES_VERSION
from converters.sklearn.rows import Rows

CLASSIFIERS = (
    DecisionTreeClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    RandomForestClassifier,
)


def probabilities(step: Any, rows: Rows) -> str:
    """The tensor [N, classes]; the features are as wide as the vocabulary there."""
    graph = rows.graph
    graph.require_exact()
    model = convert_sklearn(
        step,
        initial_types=[("features", FloatTensorType([None, rows.width]))],
        target_opset={"": OPSET, "ai.onnx.ml": TREES_VERSION},
        options={id(step): {"zipmap": False}},
    )
    return graph.part(model, graph.float(rows.dense().tensor), model.graph.output[1].name)
