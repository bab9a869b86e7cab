"""Batches of a few fixed sizes: what a GPU tunes its kernels for, captures and keeps memory for."""

from bisect import bisect_left
from collections.abc import Sequence


def batch_sizes(most: int) -> tuple[int, ...]:
    """1, 2, 4, 8 ... and `most`, rising: sizes for batches of 1 to `most` rows."""
    return (*(1 << power for power in range((most - 1).bit_length())), most)


def padded_size(rows: int, sizes: Sequence[int]) -> int:
    """The least of the rising `sizes` that has room for `rows` rows.

    Raises ValueError where none has.
    """
    place = bisect_left(sizes, rows)
    if place == len(sizes):
        raise ValueError(f"{rows} rows are more than the largest batch, {sizes[-1]}")
    return sizes[place]
