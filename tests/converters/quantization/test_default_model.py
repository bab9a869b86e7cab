"""The default image model in int8: the graph that was measured, and right on real photos."""

import csv
from pathlib import Path

import numpy as np
import onnx
import pytest

from converters.quantization import pictures, ranges
from server.contract import ImageContract
from server.session import Probabilities, Session

RANGES = Path(__file__).parents[3] / "converters" / "efficientnet_lite0_ranges.json"


def test_make_models_made_the_graph_that_was_measured(
    image_model: Path, image_fp32_model: Path
) -> None:
    saved, contract = ranges.read(RANGES), Session(image_model).contract
    assert contract.precision == "int8"
    assert contract.accuracy == saved.accuracy
    assert ranges.digest(onnx.load(image_model)) == saved.graph_sha256
    assert ranges.digest(onnx.load(image_fp32_model)) == saved.source_sha256
    assert Session(image_fp32_model).contract.precision == "fp32"
    assert image_model.stat().st_size < image_fp32_model.stat().st_size / 3


def probabilities(path: Path, given: list[pictures.Picture]) -> Probabilities:
    session = Session(path, threads=0)
    assert isinstance(session.contract, ImageContract)
    batches = pictures.batches(given, session.contract)
    return np.concatenate([session.run({"image": batch}) for batch in batches])


def test_it_is_right_as_often_as_the_fp32_one(image_model: Path, photos: Path) -> None:
    found = pictures.find(photos)
    ranking = np.argsort(-probabilities(image_model, found), axis=1)
    with (photos / "labels.tsv").open(encoding="utf-8") as file:
        right = {
            row["file"]: int(row["class_index"]) for row in csv.DictReader(file, delimiter="\t")
        }
    truth = np.array([right[one.path.name] for one in found])
    assert len(truth) == 80
    assert abs((ranking[:, 0] == truth).sum() - 71) <= 1
    assert abs((ranking[:, :5] == truth[:, np.newaxis]).any(axis=1).sum() - 77) <= 1


def test_photos_that_did_not_calibrate_have_the_label_of_fp32(
    image_model: Path, image_fp32_model: Path, photos: Path
) -> None:
    saved = ranges.read(RANGES)
    calibrating, evaluating = pictures.halves(pictures.find(photos), saved.seed)
    assert pictures.digest(calibrating) == saved.data_sha256["calibration_pictures"]
    assert pictures.digest(evaluating) == saved.data_sha256["evaluation_pictures"]
    assert len(evaluating) == saved.accuracy["evaluated_pictures"] == 40
    int8, fp32 = (probabilities(path, evaluating) for path in (image_model, image_fp32_model))
    assert (int8.argmax(axis=1) != fp32.argmax(axis=1)).sum() <= 1
    rows, first = np.arange(40), fp32.argmax(axis=1)
    change = np.abs(int8[rows, first] - fp32[rows, first]).mean()
    assert change == pytest.approx(saved.accuracy["mean_top_probability_change"], abs=0.01)
