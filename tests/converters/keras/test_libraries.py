import importlib.metadata
import logging
import sys

import pytest

from converters.export import ConversionError
from converters.keras import libraries
from converters.keras.libraries import Libraries, line


@pytest.mark.parametrize("missing", ["tensorflow", "keras", "tf2onnx"])
def test_what_is_not_installed_is_named_with_the_remedy(
    missing: str, monkeypatch: pytest.MonkeyPatch, loaded: Libraries
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ConversionError, match=r"pip install 'rtscore\[keras\]'") as caught:
        libraries.load()
    assert missing in str(caught.value)


def test_keras_computes_with_tensorflow_and_says_nothing(loaded: Libraries) -> None:
    assert loaded.keras.backend.backend() == "tensorflow"
    assert loaded.keras.config.image_data_format() == "channels_last"
    for name in ("absl", "tensorflow", "tf2onnx"):
        assert not logging.getLogger(name).isEnabledFor(logging.ERROR)
    assert not loaded.tensorflow.config.get_visible_devices("GPU")


def test_the_packages_are_installed_under_these_names(loaded: Libraries) -> None:
    packages = libraries.packages()
    assert {"keras", "tf2onnx"} < set(packages)
    versions = {name: importlib.metadata.version(name) for name in packages}
    assert versions["keras"] == loaded.keras.__version__
    assert loaded.tensorflow.__version__ in versions.values()


def test_an_error_in_one_line() -> None:
    assert line(ValueError("one\n  two")) == "ValueError: one two"
    assert len(line(ValueError("word " * 1000))) == 300
