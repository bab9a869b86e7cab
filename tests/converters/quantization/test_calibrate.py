from collections.abc import Iterator

import numpy as np

from converters.quantization.calibrate import calibrate
from converters.quantization.pictures import Pixels
from converters.quantization.prepare import prepared
from tests.converters.quantization import small


def greys(*values: int) -> Iterator[Pixels]:
    """A grey picture of each value, in batches of different sizes."""
    for value in values:
        yield np.full((1 + value % 2, small.SIDE, small.SIDE, 3), value, np.uint8)


def test_a_range_is_what_was_seen_in_any_batch() -> None:
    found = calibrate(prepared(small.graph()), greys(255, 0, 127))
    assert found["normalised"] == (-127 / 128, 1.0)
    assert found["positive"][0] == 0
    assert list(found) == sorted(found)
