"""`rtscore-convert keras` from a model of Keras to a served file, by its command line."""

import os
import re
import subprocess
import sys
import warnings
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

NAMES = ("ant", "bee", "cat", "dog", "elk")


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "labels.txt"
    path.write_text("\n".join(NAMES) + "\n")
    return path


def convert(*arguments: str | Path) -> int:
    return main(["keras", *map(str, arguments)])


def served(path: Path, pictures: Any) -> tuple[ImageContract, Any]:
    session = Session(path)
    assert isinstance(session.contract, ImageContract)
    return session.contract, session.run({"image": pictures})


def save(model: Any, path: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras warns of what is tested here
        model.save(path)
    return path


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_file(suffix: str, loaded: Libraries, labels: Path, tmp_path: Path) -> None:
    model, pictures = tiny(loaded.keras), sample_pictures(SIZE)
    given = pictures.astype(np.float32) / 127.5 - 1
    sharpen(loaded.keras, model, given)
    path, out = save(model, tmp_path / f"model{suffix}"), tmp_path / "image.onnx"
    assert convert(path, "--preprocessing", "tf", "--labels", labels, "-o", out) == 0
    contract, answers = served(out, pictures)
    np.testing.assert_allclose(answers, model(given), rtol=0, atol=1e-5)
    assert len(set(answers.argmax(axis=1))) > 2
    assert [label.label for label in contract.labels] == list(NAMES)
    assert (contract.height, contract.width) == (SIZE, SIZE)
    assert contract.provenance.source.startswith(f"rtscore-convert keras model{suffix}; ")
    assert set(contract.provenance.data_sha256) == {"model", "labels"}
    assert {"keras", "tf2onnx"} < set(contract.provenance.packages)


def test_a_file_that_scales_its_pixels_itself(
    loaded: Libraries, tmp_path: Path, labels: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pictures = sample_pictures(64)
    model = loaded.keras.applications.EfficientNetB0(
        weights=None, input_shape=(64, 64, 3), classes=CLASSES
    )
    sharpen(loaded.keras, model, pictures.astype(np.float32), branches="_project_bn")
    path, out = save(model, tmp_path / "model.keras"), tmp_path / "image.onnx"
    with caplog.at_level("INFO"):
        assert convert(path, "--labels", labels, "-o", out) == 0
    assert f"{path} scales its pixels itself" in caplog.text
    _, answers = served(out, pictures)
    expected = model(pictures.astype(np.float32), training=False)
    np.testing.assert_allclose(answers, expected, rtol=0, atol=1e-4)
    assert len(set(answers.argmax(axis=1))) > 2


def test_scores_without_softmax_and_a_size_that_is_said(
    loaded: Libraries, tmp_path: Path, labels: Path
) -> None:
    path = save(tiny(loaded.keras, size=None, softmax=False), tmp_path / "model.keras")
    out = tmp_path / "image.onnx"
    said = ("--preprocessing", "unit", "--labels", labels, "--size", "24", "-o", out)
    assert convert(path, *said) == 0
    contract, answers = served(out, sample_pictures(24))
    assert contract.height == 24
    np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-5)


def broken(keras: Any) -> dict[str, Any]:
    """What can't be served, and what is said of it."""
    model = tiny(keras)
    left, right = keras.Input((8, 8, 3), name="left"), keras.Input((8, 8, 3), name="right")
    pooled = keras.layers.GlobalAveragePooling2D()(keras.layers.Add()([left, right]))
    text = keras.Input((7,))
    return {
        "one of its inputs, and has left, right": keras.Model([left, right], pooled),
        "one of its outputs, and has": keras.Model(model.input, [model.output, model.output]),
        "its top was removed": keras.Model(model.input, model.layers[1].output),
        "has 2 axes": keras.Model(text, keras.layers.Dense(3, activation="softmax")(text)),
        "give --preprocessing with one of": model,
        "file of 6 labels|needs 5|5 classes": tiny(keras, keras.layers.Rescaling(1 / 255)),
    }


@pytest.mark.parametrize("number", range(6))
def test_what_can_not_be_served_is_one_line(
    number: int, loaded: Libraries, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "labels.txt").write_text("a\nb\nc\nd\ne\nf\n")
    message, model = list(broken(loaded.keras).items())[number]
    path, out = save(model, tmp_path / "model.keras"), tmp_path / "image.onnx"
    assert convert(path, "--labels", tmp_path / "labels.txt", "-o", out) == 1
    error = capfd.readouterr().err
    assert re.search(message, error)
    assert error.startswith("rtscore-convert keras: ")
    assert error.count("\n") == 1
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--application", "ResNet"], "no application 'ResNet'; it has ConvNeXtBase, "),
        (["model.keras", "--weights", "none"], "are for --application NAME"),
        (["nowhere.keras"], "No such file or directory: 'nowhere.keras'"),
        (["--application", "MobileNet", "--weights", "nowhere.h5"], "directory: 'nowhere.h5'"),
    ],
)
def test_a_wrong_command_line(
    arguments: list[str],
    message: str,
    loaded: Libraries,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert convert(*arguments, "-o", tmp_path / "image.onnx") == 1
    error = capfd.readouterr().err
    assert message in error
    assert error.count("\n") == 1


DOWNLOAD = """
import sys
from pathlib import Path
from converters.__main__ import main

folder = Path(sys.argv[1])
argv = ["keras", "--application", "MobileNetV2", "-o", str(folder / "image.onnx")]
print(main(argv), flush=True)
(folder / "models").mkdir(exist_ok=True)
(folder / "model.h5").rename(
    folder / "models" / "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5"
)
print(main(argv), flush=True)
"""


def test_a_download_that_fails_and_the_file_where_keras_keeps_it(
    loaded: Libraries, tmp_path: Path
) -> None:
    """The ImageNet weights themselves can't be had in a test: random ones stand in their place."""
    model = loaded.keras.applications.MobileNetV2(weights=None)
    sharpen(loaded.keras, model, sample_pictures(224).astype(np.float32) / 127.5 - 1)
    save(model, tmp_path / "model.h5")
    closed = dict.fromkeys(("http_proxy", "https_proxy", "HTTPS_PROXY"), "http://127.0.0.1:9")
    finished = subprocess.run(
        [sys.executable, "-c", DOWNLOAD, tmp_path],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | closed | {"KERAS_HOME": str(tmp_path)},
    )
    refused, *others = finished.stderr.splitlines()
    assert refused.startswith("rtscore-convert keras: the ImageNet weights of MobileNetV2 can't")
    assert "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5" in refused
    assert f"into {tmp_path}/models, where Keras keeps them" in refused
    assert "1,000" not in refused
    assert finished.stdout.splitlines()[-1] == "0", others
    contract, answers = served(tmp_path / "image.onnx", sample_pictures(224))
    assert contract.labels[207].label == "golden retriever"
    assert len(set(answers.argmax(axis=1))) > 4
    assert contract.provenance.data_sha256["weights"]
