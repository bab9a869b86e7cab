import numpy as np
import pytest

from converters.sample_pictures import sample_pictures


@pytest.mark.parametrize("size", [224, 260])
def test_the_pictures_differ_and_are_the_same_every_time(size: int) -> None:
    pictures = sample_pictures(size)
    assert pictures.shape == (8, size, size, 3)
    assert pictures.dtype == np.uint8
    np.testing.assert_array_equal(pictures, sample_pictures(size))
    assert len({picture.tobytes() for picture in pictures}) == len(pictures)
    assert (pictures.min(), pictures.max()) == (0, 255)
    # In some the channels differ: swapped channels would be noticed.
    assert (pictures[..., 0] != pictures[..., 2]).any(axis=(1, 2)).sum() >= 5
