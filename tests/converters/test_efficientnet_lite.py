from collections.abc import Callable

import numpy as np
import pytest

from converters.efficientnet_lite import VARIANTS, Variant, Weights, blocks, check
from converters.export import ConversionError

MakeWeights = Callable[[Variant], dict[str, np.ndarray]]


@pytest.mark.parametrize(
    ("variant", "count", "last", "residual"),
    [(VARIANTS[0], 16, 320, 9), (VARIANTS[1], 21, 320, 14), (VARIANTS[2], 21, 352, 14)],
)
def test_depth_and_width_follow_the_published_table(
    variant: Variant, count: int, last: int, residual: int
) -> None:
    stem, *middle, head = blocks(variant)
    assert len(middle) == count
    assert stem.convolutions[0].outputs == 32
    assert (head.convolutions[0].inputs, head.convolutions[0].outputs) == (last, 1280)
    assert sum(block.residual for block in middle) == residual
    strides = [c.stride for block in (stem, *middle) for c in block.convolutions]
    assert np.prod(strides) == 32


def test_weights_of_another_variant_are_refused(made_weights: MakeWeights) -> None:
    weights = made_weights(VARIANTS[0])
    check(weights, VARIANTS[0])
    with pytest.raises(ConversionError, match=r"_blocks\.16\._bn0\.bias is missing"):
        check(weights, VARIANTS[1])
    with pytest.raises(ConversionError, match=r"_blocks\.16\._bn0\.bias is unknown"):
        check(made_weights(VARIANTS[1]), VARIANTS[0])
    with pytest.raises(ConversionError, match=r"_blocks\.\d+\..* has to be .* of shape"):
        check(made_weights(VARIANTS[1]), VARIANTS[2])


@pytest.mark.parametrize(
    "damaged",
    [
        np.full((1000,), np.nan, np.float32),
        np.zeros((1000,), np.float64),
        np.zeros((1000, 1), np.float32),
    ],
    ids=["nan", "float64", "shape"],
)
def test_damaged_weights_are_refused(made_weights: MakeWeights, damaged: np.ndarray) -> None:
    weights: Weights = {**made_weights(VARIANTS[0]), "_fc.bias": damaged}
    with pytest.raises(ConversionError, match=r"_fc\.bias has to be finite float32 numbers"):
        check(weights, VARIANTS[0])


def test_what_only_training_needs_is_ignored(made_weights: MakeWeights) -> None:
    counted = {"_bn0.num_batches_tracked": np.array(5)}
    check({**made_weights(VARIANTS[0]), **counted}, VARIANTS[0])
