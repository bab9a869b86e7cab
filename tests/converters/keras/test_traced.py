from typing import Any

import numpy as np
import pytest

from converters.export import ConversionError
from converters.keras.libraries import Libraries
from converters.keras.traced import Traced, trace


def weighted(tensorflow: Any, axis: int) -> Any:
    """A network whose scores are the means of a picture's channels, times 1, 2, 3."""
    others = [other for other in (1, 2, 3) if other != axis]
    return lambda pictures: tensorflow.reduce_mean(pictures, others) * [1.0, 2.0, 3.0]


def traced(loaded: Libraries, shape: Any, axis: int = 3, **said: Any) -> Traced:
    network = weighted(loaded.tensorflow, axis)
    said = {"layout": None, "size": None, **said}
    return trace(loaded.tensorflow, network, shape, loaded.tensorflow.float32, **said)


@pytest.mark.parametrize(
    ("shape", "axis", "said"),
    [
        ([None, 8, 8, 3], 3, {}),
        ([None, 3, 8, 8], 1, {}),
        ([2, 8, 8, 3], 3, {}),
        ([None, None, None, 3], 3, {"size": 8}),
        (None, 1, {"size": 8, "layout": "nchw"}),
    ],
)
def test_any_number_of_pictures_is_answered(
    shape: Any, axis: int, said: dict[str, Any], loaded: Libraries
) -> None:
    pictures = np.random.default_rng(0).normal(size=(11, 8, 8, 3)).astype(np.float32)
    expected = pictures.mean(axis=(1, 2)) * [1, 2, 3]
    given = pictures if axis == 3 else pictures.transpose(0, 3, 1, 2)
    network = traced(loaded, shape, axis, **said)
    assert (network.entry.height, network.entry.width) == (8, 8)
    assert network.entry.batch == (shape[0] if shape else None)
    np.testing.assert_allclose(network.predict(given), expected, atol=1e-6)


def test_whole_numbers_are_taken_as_the_network_wants_them(loaded: Libraries) -> None:
    tensorflow = loaded.tensorflow

    def network(pictures: Any) -> Any:
        assert pictures.dtype == tensorflow.uint8
        return tensorflow.cast(pictures[:, 0, 0], tensorflow.float64) / 255

    said: dict[str, Any] = {"layout": None, "size": None}
    found = trace(tensorflow, network, [None, 8, 8, 3], tensorflow.uint8, **said)
    answers = found.predict(np.full((1, 8, 8, 3), 255, np.float32))
    assert answers.dtype == np.float32
    assert answers.tolist() == [[1, 1, 1]]


@pytest.mark.parametrize(
    ("shape", "said", "message"),
    [
        ([None, 128], {}, "has 2 axes"),
        ([None, 28, 28, 1], {}, "no axis of 3 channels"),
        ([None, None, None, 3], {}, "give --size"),
        ([None, 8, 8, 3], {"size": 16}, "--size 16 does not fit"),
    ],
)
def test_what_takes_no_pictures_is_refused(
    shape: Any, said: dict[str, Any], message: str, loaded: Libraries
) -> None:
    with pytest.raises(ConversionError, match=message):
        traced(loaded, shape, **said)


def test_what_gives_no_scores_is_refused(loaded: Libraries) -> None:
    said: dict[str, Any] = {"layout": None, "size": None}
    tensorflow = loaded.tensorflow
    with pytest.raises(ConversionError, match=r"its top was removed \(include_top=False\)"):
        trace(tensorflow, lambda pictures: pictures, [None, 8, 8, 3], tensorflow.float32, **said)
    with pytest.raises(ConversionError, match="takes string, no pixels"):
        trace(tensorflow, lambda files: files, [None], tensorflow.string, **said)
    with pytest.raises(ConversionError, match=r"can't be run on pictures of 8 x 8 pixels \("):
        trace(
            tensorflow,
            lambda pictures: tensorflow.reshape(pictures, [-1, 7]) @ np.zeros((6, 2), np.float32),
            [None, 8, 8, 3],
            tensorflow.float32,
            **said,
        )
