"""Fixed batch sizes and the one that a batch is padded to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.shapes import batch_sizes, padded_size


@pytest.mark.parametrize(
    ("most", "sizes"),
    [
        (1, (1,)),
        (2, (1, 2)),
        (3, (1, 2, 3)),
        (8, (1, 2, 4, 8)),
        (9, (1, 2, 4, 8, 9)),
        (12, (1, 2, 4, 8, 12)),
        (64, (1, 2, 4, 8, 16, 32, 64)),
    ],
)
def test_sizes_double_up_to_the_largest_batch(most: int, sizes: tuple[int, ...]) -> None:
    assert batch_sizes(most) == sizes


@given(st.integers(1, 4096), st.data())
def test_a_batch_is_padded_by_less_than_itself(most: int, data: st.DataObject) -> None:
    sizes = batch_sizes(most)
    assert list(sizes) == sorted(set(sizes))
    rows = data.draw(st.integers(1, most))
    padded = padded_size(rows, sizes)
    assert padded in sizes
    assert rows <= padded < 2 * rows
    assert all(size < rows for size in sizes if size < padded)


def test_more_rows_than_the_largest_batch_are_refused() -> None:
    with pytest.raises(ValueError, match="9 rows are more than the largest batch, 8"):
        padded_size(9, batch_sizes(8))
