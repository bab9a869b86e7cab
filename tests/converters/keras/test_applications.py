import numpy as np
import pytest

from converters.export import ConversionError
from converters.image.preprocessing import PRESETS
from converters.keras.applications import find, names
from converters.keras.libraries import Libraries
from converters.keras.probe import probe


def test_all_that_keras_has_are_there(loaded: Libraries) -> None:
    found = names(loaded.keras)
    assert {"ResNet152", "MobileNetV2", "EfficientNetB0", "ConvNeXtTiny", "VGG16"} < set(found)
    assert len(found) > 35
    assert all(name[0].isupper() for name in found)


def test_a_wrong_name_is_told_the_right_ones(loaded: Libraries) -> None:
    with pytest.raises(ConversionError, match=r"no application 'ResNet153'; it has .*ResNet152, "):
        find(loaded.keras, "ResNet153")


def test_the_preprocessing_of_every_one_can_go_into_the_graph(loaded: Libraries) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    for name in names(loaded.keras):
        application = find(loaded.keras, name)
        theirs = np.asarray(application.preprocess(pictures.astype(np.float32)))
        ours = probe(application.preprocess, 8).apply(pictures)
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=2e-5 * np.abs(theirs).max())


@pytest.mark.parametrize(
    ("name", "preset"),
    [
        ("ResNet152", "caffe"),
        ("VGG16", "caffe"),
        ("ResNet50V2", "tf"),
        ("MobileNetV2", "tf"),
        ("DenseNet121", "torch"),
        ("EfficientNetB0", "none"),
    ],
)
def test_the_preprocessing_is_the_one_that_is_known(
    name: str, preset: str, loaded: Libraries
) -> None:
    found = probe(find(loaded.keras, name).preprocess, 224)
    assert found.bgr == PRESETS[preset].bgr
    assert found.mean == pytest.approx(PRESETS[preset].mean, abs=1e-6)
    assert found.std == pytest.approx(PRESETS[preset].std, rel=1e-6)
