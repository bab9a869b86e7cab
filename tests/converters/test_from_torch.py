"""Networks in PyTorch from the command line to the served file, ResNet-152 among them."""

import argparse
import logging
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from converters import from_torch
from converters.__main__ import main
from converters.export import ConversionError
from converters.image.preprocessing import PRESETS
from converters.image.source import Floats, Pictures
from converters.sample_pictures import sample_pictures
from server.contract import ImageContract
from server.session import Session
from tests.converters.image import nets
from tests.converters.torch import networks, saved
from tests.resnet import resnet

HERE = "tests.converters.torch.networks"
SIDE = 32
TF = ("--preprocessing", "tf")


def _convert(folder: Path, *given: str | Path) -> Path:
    usual = ["--labels", nets.labels(folder), "-o", folder / "image.onnx"]
    assert main(["torch", *map(str, [*given, *usual])]) == 0
    return folder / "image.onnx"


def _expected(network: nn.Module, pictures: Pictures) -> Floats:
    rows = PRESETS["torch"].apply(pictures).transpose(0, 3, 1, 2)
    with torch.inference_mode():
        scores = network.eval()(torch.from_numpy(np.ascontiguousarray(rows)))
    return np.asarray(torch.softmax(scores, dim=1).numpy())


def _contract(session: Session) -> ImageContract:
    assert isinstance(session.contract, ImageContract)
    return session.contract


def _agrees(path: Path, network: nn.Module) -> None:
    pictures = sample_pictures(SIDE, seed=5)
    found = Session(path).run({"image": pictures})
    np.testing.assert_allclose(found, _expected(network, pictures), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("small", ["--arg", "width=4", "--arg", "softmax=True"]),
        ("ChannelsLast", ["--layout", "nhwc"]),
    ],
)
def test_code_and_weights(name: str, given: list[str], tmp_path: Path) -> None:
    width = 4 if "width=4" in given else 8
    network = networks.Small(width=width)
    with torch.no_grad():
        network.fc.bias.add_(torch.arange(5.0))
    torch.save(network.state_dict(), tmp_path / "weights.pth")
    path = _convert(
        tmp_path,
        *("--module", f"{HERE}:{name}", *given, "--size", f"{SIDE}"),
        *("--state-dict", tmp_path / "weights.pth", "--preprocessing", "torch"),
    )
    _agrees(path, network)
    provenance = Session(path).contract.provenance
    assert set(provenance.data_sha256) == {"weights", "labels"}
    assert {"torch", "onnxscript"} <= set(provenance.packages)
    assert provenance.source.startswith(f"rtscore-convert torch --module {HERE}:{name}")


def test_what_timm_notes_is_taken(tmp_path: Path) -> None:
    contract = _contract(Session(_convert(tmp_path, "--module", f"{HERE}:Noted")))
    assert (contract.height, contract.crop, contract.resample) == (32, 0.95, "bilinear")


def test_torchscript(tmp_path: Path) -> None:
    path = _convert(
        tmp_path, saved.script(tmp_path), "--size", f"{SIDE}", "--preprocessing", "torch"
    )
    _agrees(path, networks.Small())


@pytest.mark.parametrize("batch", [None, 1])
def test_torch_export(batch: int | None, tmp_path: Path) -> None:
    path = _convert(tmp_path, saved.program(tmp_path, batch), "--preprocessing", "torch")
    _agrees(path, networks.Small())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "give either a FILE or --module"),
        (["net.pt", "--module", "a:b"], "give either a FILE or --module"),
        (["net.pt", "--arg", "a=1"], "--arg and --state-dict go with --module"),
        (["--module", f"{HERE}:Small", *TF], "give --size with the pixels"),
        (["--module", f"{HERE}:Small", "--size", "32"], "give --preprocessing"),
        (["--module", "nowhere:Net"], "there is no module 'nowhere'"),
        (["--module", f"{HERE}:Small", "--state-dict", "no.pth", *TF], r"No such file .*no\.pth"),
    ],
)
def test_what_has_to_be_said(
    given: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = nets.labels(tmp_path)
    assert main(["torch", *given, "--labels", str(labels), "-o", str(tmp_path / "x.onnx")]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert re.search(said, error)


@pytest.mark.parametrize("package", ["torch", "onnxscript"])
def test_a_missing_package_is_named(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    parser = argparse.ArgumentParser()
    from_torch.add_arguments(parser)
    with pytest.raises(ConversionError, match=rf"{package} is not installed; .*rtscore\[torch\]"):
        from_torch.read(parser.parse_args(["--module", "a:b", "-o", "x.onnx"]))


def test_resnet_152(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    network = resnet()  # at 128 pixels: a third of the time that 224 take
    torch.save(network.state_dict(), tmp_path / "resnet152.pth")
    out = tmp_path / "image.onnx"
    with caplog.at_level(logging.INFO):
        code = main(
            [
                *("torch", "--module", "tests.resnet:ResNet", "--size", "128"),
                *("--state-dict", str(tmp_path / "resnet152.pth")),
                *("--preprocessing", "torch", "-o", str(out)),
            ]
        )
    assert code == 0
    assert "1000 classes, 128 x 128 pixels, 240.6 MB" in caplog.messages[-1]
    session = Session(out)
    pictures = sample_pictures(128, seed=1)[:4]
    found, expected = session.run({"image": pictures}), _expected(network, pictures)
    assert np.abs(found - expected).max() < 1e-4
    np.testing.assert_array_equal(found.argmax(axis=1), expected.argmax(axis=1))
    assert len(set(expected.argmax(axis=1))) == 4
    assert expected.max() > 0.3
    assert _contract(session).labels[207].label == "golden retriever"
