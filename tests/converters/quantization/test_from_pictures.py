from pathlib import Path

import numpy as np
import onnx
import pytest

from converters.export import ConversionError
from converters.quantization import from_pictures, pictures
from converters.quantization.from_pictures import Request
from converters.quantization.ranges import digest
from converters.quantization.runner import Runner
from converters.quantization.source import Source, read
from tests import tiny
from tests.converters.quantization import small


def test_int8_is_calibrated_and_evaluated_on_different_halves(
    small_source: Source, folder: Path
) -> None:
    variant, saved = from_pictures.make_int8(small_source, Request(folder, 0.95, about="colours"))
    calibrating, evaluating = pictures.halves(pictures.find(folder), 0)
    data = variant.contract.provenance.data_sha256
    assert data["calibration_pictures"] == pictures.digest(calibrating)
    assert data["evaluation_pictures"] == pictures.digest(evaluating)
    figures = variant.contract.accuracy
    assert (figures["top1_agreement"], figures["evaluated_pictures"]) == (1, 22)
    assert 0 < figures["mean_top_probability_change"] < 0.02
    assert (saved.accuracy, saved.pictures, saved.source) == (figures, "colours", "test")
    assert saved.graph_sha256 == digest(variant.graph)


def test_fp16_is_evaluated_on_all(small_source: Source, folder: Path) -> None:
    variant = from_pictures.make_fp16(small_source, Request(folder, 0.95))
    assert variant.contract.precision == "fp16"
    assert variant.contract.accuracy["evaluated_pictures"] == 44
    assert variant.contract.provenance.seed is None


def test_figures_are_those_of_both_models(small_source: Source, folder: Path) -> None:
    variant, _ = from_pictures.make_int8(small_source, Request(folder, 0.95, seed=1))
    _, evaluating = pictures.halves(pictures.find(folder), 1)
    batch = np.concatenate(list(pictures.batches(evaluating, small.contract())))
    ours = small_source.session.run({"image": batch})
    assert variant.samples[0].shape[1:] == (small.SIDE, small.SIDE, 3)
    theirs = Runner(variant.graph, optimised=True).run(batch)
    rows, first = np.arange(len(batch)), ours.argmax(axis=1)
    assert variant.contract.accuracy["mean_top_probability_change"] == pytest.approx(
        np.abs(ours[rows, first] - theirs[rows, first]).mean(), rel=1e-4
    )


@pytest.mark.parametrize(("make", "count"), [("make_int8", 39), ("make_fp16", 19)])
def test_too_few_pictures_are_refused(
    make: str, count: int, small_source: Source, tmp_path: Path
) -> None:
    small.write_pictures(tmp_path, count)
    with pytest.raises(ConversionError, match=f"there are {count} different pictures"):
        getattr(from_pictures, make)(small_source, Request(tmp_path, 0.95))


def test_a_model_that_int8_changes_too_much_is_refused(tmp_path: Path, folder: Path) -> None:
    """Beside the values of one channel, which the classifier ignores, the others round to 0."""
    classifier = np.tile(np.eye(3, dtype=np.float32) * 8, 2)
    classifier[:, 3] = 0
    graph = small.graph()
    values = {"gamma": np.array([1, 1, 1, 1e4, 1, 1], np.float32), "scores.weight": classifier}
    for one in graph.graph.initializer:
        if one.name in values:
            one.CopyFrom(onnx.numpy_helper.from_array(values[one.name], one.name))
    path = tiny.write(tmp_path, tiny.stamped(graph, small.contract()))
    with pytest.raises(ConversionError, match=r"of 22 pictures .* nothing was written"):
        from_pictures.make_int8(read(path), Request(folder, 0.95))
