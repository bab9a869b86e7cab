"""From a source to the served file: what it says, what is found wrong, what is reported."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from PIL import Image

from converters.export import ConversionError
from converters.image.convert import write
from converters.image.outputs import softmax
from converters.image.preprocessing import PRESETS
from converters.image.source import Source
from server.contract import ImageContract
from server.session import Session
from tests.converters.image import nets


def _contract(path: Path) -> ImageContract:
    contract = Session(path).contract
    assert isinstance(contract, ImageContract)
    return contract


def test_what_is_written(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    digest = {"model": "0" * 64}
    source = nets.source(nets.network(), data_sha256=digest, description="a network")
    with caplog.at_level(logging.INFO):
        write(source, nets.arguments(tmp_path, "--crop", "1", "--resample", "bilinear"))
    contract = _contract(tmp_path / "image.onnx")
    assert (contract.height, contract.width, contract.outputs) == (nets.SIDE, nets.SIDE, 5)
    assert (contract.crop, contract.resample, contract.precision) == (1.0, "bilinear", "fp32")
    assert [label.label for label in contract.labels][:2] == ["class 0", "class 1"]
    assert contract.provenance.source.startswith("a network; Preprocessing(")
    assert set(contract.provenance.data_sha256) == {"model", "labels"}
    assert set(contract.provenance.packages) == {"numpy", "onnx", "onnxruntime"}
    (report,) = caplog.messages
    assert "image.onnx: 5 classes, 24 x 24 pixels, 0.0 MB in " in report
    assert "over 8 pictures" in report


@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
@pytest.mark.parametrize("batch", ["N", "1", "2"])
@pytest.mark.parametrize("ending", ["y = Identity(s)", "y = Softmax(s)"])
def test_every_kind_gives_the_same_file(
    ending: str, batch: str, layout: str, tmp_path: Path
) -> None:
    shape = (0, 8) if batch == "N" else (int(batch), 8)
    model = nets.network(ending, batch=batch, layout=layout, shape=shape)
    free = nets.network(ending, layout=layout)
    write(nets.source(model, predict=lambda rows: nets.run(free, rows)), nets.arguments(tmp_path))
    pictures = np.random.default_rng(1).integers(0, 256, (5, 24, 24, 3), dtype=np.uint8)
    rows = PRESETS["torch"].apply(pictures).transpose(0, 3, 1, 2)
    expected = softmax(nets.run(nets.network(), np.ascontiguousarray(rows)))
    found = Session(tmp_path / "image.onnx").run({"image": pictures})
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert (expected.max(axis=1) > 0.5).any()


def test_photos_are_compared_too(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(5):
        Image.fromarray(rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)).save(
            folder / f"{number}.png"
        )
    with caplog.at_level(logging.INFO):
        write(nets.source(nets.network()), nets.arguments(tmp_path, "--images", folder))
    assert "over 13 pictures" in caplog.messages[-1]


SIGMOID = "y = Sigmoid(s)"
TWICE = "a = Softmax(s) y = Softmax(a)"
OVER_ROWS = "y = Softmax<axis = 0>(s)"


@pytest.mark.parametrize(
    ("model", "fields", "given", "said"),
    [
        (nets.network(), {"preprocessing": None}, [], "can't be seen in it; give --preprocessing"),
        (
            nets.network(side="S"),
            {"preprocessing": None},
            [],
            "pictures of any height; give --size",
        ),
        (nets.network(TWICE), {}, [], "softmax of a softmax"),
        (nets.network(SIGMOID), {}, [], "ends in Sigmoid"),
        (nets.network(OVER_ROWS), {}, [], "depends on its neighbours"),
        (nets.network(), {}, ["--softmax", "none"], "outside 0 to 1"),
        (nets.network(), {}, ["--layout", "nhwc"], "--layout nhwc does not fit"),
        (nets.network(), {}, ["--size", "224"], "--size 224 does not fit"),
        (nets.network(), {}, ["--labels", "imagenet"], "imagenet has 1000 labels.* 5 classes"),
        (nets.network(), {}, ["--preprocessing", "tf"], None),
        (nets.network(TWICE), {}, ["--softmax", "none"], None),
        (nets.network(SIGMOID), {}, ["--softmax", "none"], None),
        (nets.network(side="S"), {}, ["--size", "24"], None),
    ],
)
def test_what_is_noticed(
    model: onnx.ModelProto,
    fields: dict[str, Any],
    given: list[str],
    said: str | None,
    tmp_path: Path,
) -> None:
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    arguments = nets.arguments(tmp_path, *given)
    if said is None:
        write(nets.source(copy, **fields), arguments)
        assert arguments.output.exists()
        return
    with pytest.raises(ConversionError, match=said):
        write(nets.source(copy, **fields), arguments)
    assert not arguments.output.exists()


def test_the_size_that_the_source_says(tmp_path: Path) -> None:
    write(nets.source(nets.network(side="S")), nets.arguments(tmp_path))
    assert _contract(tmp_path / "image.onnx").height == 224


def test_a_graph_that_is_not_its_source_is_not_written(tmp_path: Path) -> None:
    other = nets.network()
    other.graph.node[-2].input[2] = "zero"
    other.graph.initializer.append(onnx.numpy_helper.from_array(np.zeros(5, np.float32), "zero"))
    source = nets.source(nets.network(), predict=lambda rows: nets.run(other, rows))
    with pytest.raises(ConversionError, match="differs from the source model"):
        write(source, nets.arguments(tmp_path))
    assert not (tmp_path / "image.onnx").exists()


def test_a_batch_that_can_not_be_made_free_is_said_with_the_place(tmp_path: Path) -> None:
    model = nets.network("e = Expand(bias, one) k = Concat<axis = 1>(s, e) y = Identity(k)",
                         batch="1", shape=(1, 8), output="10")  # fmt: skip
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array([1, 5]), "one"))
    model.graph.node[-2].name = "joined"
    original = onnx.ModelProto()
    original.CopyFrom(model)

    def one_by_one(rows: Any) -> Any:
        return np.concatenate([nets.run(original, row[None]) for row in rows])

    source: Source = nets.source(model, predict=one_by_one)
    arguments = nets.arguments(tmp_path, "--labels", nets.labels(tmp_path, 10))
    with pytest.raises(ConversionError) as caught:
        write(source, arguments)
    for expected in ("exported for batches of 1, and Concat model.joined in it", "free batch axis"):
        assert expected in str(caught.value)


def test_a_network_that_sees_nothing_is_pointed_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # Pixels from 0 to 1 for a network that expects 0 to 255.
    model = nets.network("n = Mul(s, tiny) y = Identity(n)")
    model.graph.initializer.append(
        onnx.numpy_helper.from_array(np.array(0.001, np.float32), "tiny")
    )
    write(nets.source(model), nets.arguments(tmp_path))
    assert any("nearly the same for all 8 pictures" in message for message in caplog.messages)
