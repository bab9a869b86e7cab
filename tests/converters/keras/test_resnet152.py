"""ResNet-152 by the real command: what it gives, how exact it is, how much memory it takes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from converters.keras.libraries import Libraries
from converters.sample_pictures import sample_pictures
from server.contract import ImageContract
from server.session import Session
from tests.converters.keras.networks import sharpen

MEMORY = 7e9


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read as Linux tells it")
def test_resnet152_of_keras(loaded: Libraries, tmp_path: Path) -> None:
    weights, out = tmp_path / "resnet152.weights.h5", tmp_path / "image.onnx"
    pictures = sample_pictures(224)
    expected = make(loaded, weights, pictures)
    command = ["keras", "--application", "ResNet152", "--weights", str(weights), "-o", str(out)]
    photos = some_photos(tmp_path / "photos", os.environ.get("TEST_PHOTOS"))
    with subprocess.Popen(
        [sys.executable, "-m", "converters", *command, *photos], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, said
    assert usage.ru_maxrss * 1024 < MEMORY
    assert "1000 classes, 224 x 224 pixels" in said
    assert f"over {16 if photos else 8} pictures" in said
    session = Session(out)
    answers = session.run({"image": pictures})
    assert np.abs(answers - expected).max() <= 1e-4
    assert answers.argmax(axis=1).tolist() == expected.argmax(axis=1).tolist()
    assert len(set(answers.argmax(axis=1))) >= 4
    assert answers.max() > 0.5
    assert isinstance(session.contract, ImageContract)
    assert session.contract.labels[207].label == "golden retriever"


def some_photos(folder: Path, source: str | None) -> list[str]:
    """What to say to compare on eight photos too, where there are any."""
    if not source:
        return []
    folder.mkdir()
    for photo in sorted(path for path in Path(source).iterdir() if path.suffix != ".tsv")[::10]:
        shutil.copy(photo, folder)
    return ["--images", str(folder)]


def make(loaded: Libraries, path: Path, pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Write random weights whose answers differ; those for `pictures`, with Keras' own calls."""
    model = loaded.keras.applications.ResNet152(weights=None)
    given = loaded.keras.applications.resnet.preprocess_input(pictures.astype(np.float32))
    sharpen(loaded.keras, model, given, deviation=4.0, branches="_3_bn")
    model.save_weights(path)
    return np.asarray(model(given, training=False))
