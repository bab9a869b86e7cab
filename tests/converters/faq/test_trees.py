import lightgbm
import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper

from converters.faq.trees import Trees, flatten

QUIET = {"objective": "binary", "verbose": -1, "num_threads": 1, "min_data_in_leaf": 1}


def grow(
    rows: npt.NDArray[np.float64], labels: npt.NDArray[np.bool_], trees: int
) -> "lightgbm.Booster":
    parameters = {**QUIET, "min_data_in_bin": 1, "feature_pre_filter": False}
    return lightgbm.train(parameters, lightgbm.Dataset(rows, labels), trees)


def run(trees: Trees, rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """What ONNX Runtime makes of the trees."""
    graph = helper.make_graph(
        [trees.node(trees.features, "rows", "sums")],
        "trees",
        [helper.make_tensor_value_info("rows", TensorProto.DOUBLE, [None, rows.shape[1]])],
        [helper.make_tensor_value_info("sums", TensorProto.DOUBLE, [None, 1])],
    )
    domains = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 5)]
    model = helper.make_model(graph, opset_imports=domains, ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    sums: npt.NDArray[np.float64] = session.run(None, {"rows": rows})[0][:, 0]
    return sums


def margins(
    booster: "lightgbm.Booster", rows: npt.NDArray[np.float64], trees: int
) -> npt.NDArray[np.float64]:
    return np.asarray(booster.predict(rows, raw_score=True, num_iteration=trees))


@pytest.mark.parametrize("trees", [1, 7, 300])
def test_sums_are_those_of_lightgbm(trees: int) -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(500, 6)).round(1)  # ties and zeros
    booster = grow(rows, rows[:, 0] * rows[:, 1] > rng.normal(size=500), 300)
    flat = flatten(booster, trees)
    assert len(flat.roots) == trees
    np.testing.assert_allclose(run(flat, rows), margins(booster, rows, trees), atol=1e-12)


def test_neighbouring_numbers_go_their_own_ways() -> None:
    """Thresholds as float32, or rounded to the nearest, would send half of these the wrong way."""
    low = np.random.default_rng(0).uniform(0.1, 1, 200).astype(np.float32)
    high = np.nextafter(low, np.float32(2))
    rows = np.zeros((800, 200))
    labels = np.arange(800) % 4 >= 2
    for column in range(200):
        rows[4 * column : 4 * column + 4, column] = [low[column], low[column], *[high[column]] * 2]
    booster = grow(rows, labels, 400)
    flat = flatten(booster, 400)
    close = np.isin(flat.thresholds, np.append(low, high))
    between = (flat.thresholds.astype(np.float32) != flat.thresholds) & ~close
    assert between.sum() > 20
    found = run(flat, rows)
    np.testing.assert_allclose(found, margins(booster, rows, 400), atol=1e-12)
    assert np.ptp(found) > 1


def test_a_tree_without_a_split_is_its_leaf() -> None:
    rows = np.zeros((30, 2))
    booster = grow(rows, np.arange(30) % 3 == 0, 2)
    flat = flatten(booster, 2)
    assert np.ptp(run(flat, rows)) == 0
    np.testing.assert_allclose(run(flat, rows), margins(booster, rows, 2), atol=1e-12)
