"""`rtscore-convert tensorflow` from a SavedModel to a served file, by its command line."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from converters.__main__ import main
from converters.keras.libraries import Libraries
from converters.sample_pictures import sample_pictures
from server.contract import ImageContract
from server.session import Session
from tests.converters.keras.networks import CLASSES, SIZE, sharpen, tiny


@pytest.fixture(scope="module")
def model(loaded: Libraries) -> Any:
    model = tiny(loaded.keras)
    sharpen(loaded.keras, model, np.asarray(sample_pictures(SIZE) / 255, np.float32))
    return model


@pytest.fixture
def folder(model: Any, tmp_path: Path) -> Path:
    model.export(tmp_path / "saved", verbose=False)
    (tmp_path / "labels.txt").write_text("\n".join("abcde"))
    return tmp_path / "saved"


def convert(folder: Path, *arguments: str) -> int:
    labels, out = folder.parent / "labels.txt", folder.parent / "image.onnx"
    said = ["--preprocessing", "unit", "--labels", str(labels), "-o", str(out)]
    return main(["tensorflow", str(folder), *said, *arguments])


@pytest.mark.parametrize("said", [[], ["--signature", "serve"]])
def test_what_keras_exports(said: list[str], model: Any, folder: Path) -> None:
    assert convert(folder, *said) == 0
    session, pictures = Session(folder.parent / "image.onnx"), sample_pictures(SIZE)
    answers = session.run({"image": pictures})
    expected = model(pictures.astype(np.float32) / 255, training=False)
    np.testing.assert_allclose(answers, expected, rtol=0, atol=1e-5)
    assert len(set(answers.argmax(axis=1))) > 2
    assert isinstance(session.contract, ImageContract)
    assert session.contract.outputs == CLASSES
    assert session.contract.provenance.source.startswith("rtscore-convert tensorflow saved; ")
    assert set(session.contract.provenance.data_sha256) == {"model", "labels"}


def test_a_fixed_number_of_pictures_is_made_free(
    loaded: Libraries, model: Any, folder: Path, tmp_path: Path
) -> None:
    tensorflow = loaded.tensorflow
    spec = tensorflow.TensorSpec([1, SIZE, SIZE, 3], tensorflow.float32)
    module = tensorflow.Module()
    module.model = model
    module.network = tensorflow.function(lambda x: {"scores": model(x, training=False)})
    function = module.network.get_concrete_function(spec)
    tensorflow.saved_model.save(module, tmp_path / "one", {"serving_default": function})
    assert convert(tmp_path / "one") == 0
    pictures = sample_pictures(SIZE)
    answers = Session(tmp_path / "image.onnx").run({"image": pictures})
    expected = model(pictures.astype(np.float32) / 255, training=False)
    np.testing.assert_allclose(answers, expected, rtol=0, atol=1e-5)


def test_what_can_not_be_served_is_one_line(
    folder: Path, loaded: Libraries, capfd: pytest.CaptureFixture[str]
) -> None:
    assert convert(folder, "--signature", "predict") == 1
    assert convert(folder.parent) == 1
    error = capfd.readouterr().err
    assert "no signature 'predict'; those that --signature can name are: serv" in error
    assert "there is no saved_model.pb in it" in error
    assert error.count("\n") == 2
    assert not (folder.parent / "image.onnx").exists()
