"""ONNX files that somebody has: with weights beside them, of fixed batches, and broken ones."""

import argparse
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from converters import from_onnx
from converters.__main__ import main
from converters.export import ConversionError
from server.session import Session
from tests.converters.image import nets

ROWS = np.random.default_rng(0).normal(size=(5, 3, nets.SIDE, nets.SIDE)).astype(np.float32)


def _saved(folder: Path, model: onnx.ModelProto, **options: Any) -> Path:
    path = folder / "net.onnx"
    onnx.save(model, path, **options)
    return path


@pytest.mark.parametrize("batch", ["N", "1", "2"])
def test_from_the_command_line(
    batch: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shape = (0, 8) if batch == "N" else (int(batch), 8)
    path = _saved(tmp_path, nets.network(batch=batch, shape=shape, opset=13))
    out = tmp_path / "image.onnx"
    usual = [str(path), "--labels", str(nets.labels(tmp_path)), "-o", str(out)]
    assert main(["onnx", *usual]) == 1
    assert "give --preprocessing" in capsys.readouterr().err
    assert main(["onnx", *usual, "--preprocessing", "torch"]) == 0
    provenance = Session(out).contract.provenance
    assert provenance.source.startswith("rtscore-convert onnx net.onnx; ")
    assert provenance.data_sha256["model"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_weights_in_a_file_beside_it(tmp_path: Path) -> None:
    path = _saved(
        tmp_path,
        nets.network(),
        save_as_external_data=True,
        location="net.data",
        size_threshold=64,
    )
    source = from_onnx.read(path)
    data = tmp_path / "net.data"
    assert source.data_sha256["net.data"] == hashlib.sha256(data.read_bytes()).hexdigest()
    np.testing.assert_allclose(nets.run(source.graph, ROWS), source.predict(ROWS), atol=1e-6)
    data.unlink()
    with pytest.raises(OSError, match=r"net\.data"):
        from_onnx.read(path)


@pytest.mark.parametrize("kind", ["float", "float16", "uint8"])
def test_the_original_is_asked_in_its_own_type(kind: str, tmp_path: Path) -> None:
    source = from_onnx.read(_saved(tmp_path, nets.network(kind=kind, batch="2", shape=(2, 8))))
    found = source.predict(np.abs(ROWS))
    assert found.shape == (5, nets.CLASSES)
    assert found.dtype == np.float32


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"not a model", "is not an ONNX file"),
        (nets.network("y = Nothing(s)").SerializeToString(), "ONNX Runtime can't run .*Nothing"),
    ],
)
def test_files_that_can_not_be_run(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(content)
    with pytest.raises(ConversionError, match=said):
        from_onnx.read(path)


def test_help_says_what_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    from_onnx.add_arguments(parser)
    with pytest.raises(SystemExit):
        parser.parse_args([])
    assert "MODEL.onnx" in capsys.readouterr().err
