"""The most probable classes, those that are found in advance and more."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from server.ranking import USUAL, Ranked

# Few distinct values, so that there are ties at every place, the last one too.
VALUES = st.sampled_from([0.0, 0.125, 0.25])


@given(st.lists(VALUES, min_size=1, max_size=3 * USUAL), st.integers(1, 4 * USUAL))
def test_the_most_probable_classes_come_first_ties_in_class_order(
    row: list[float], count: int
) -> None:
    expected = sorted(range(len(row)), key=lambda place: (-row[place], place))[:count]
    found = list(Ranked.of(np.array(row, np.float32)).best(count))
    assert found == [(place, row[place]) for place in expected]
