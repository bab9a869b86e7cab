import numpy as np
import pytest

from converters.quantization.runner import Runner
from converters.quantization.source import Source
from converters.sample_pictures import sample_pictures
from tests.converters.quantization import small


@pytest.mark.parametrize("optimised", [True, False])
def test_it_gives_what_the_server_gives(optimised: bool, small_source: Source) -> None:
    batch = sample_pictures(small.SIDE)
    actual = Runner(small_source.graph, optimised=optimised).run(batch)
    expected = small_source.session.run({"image": batch})
    assert actual.dtype == np.float32
    np.testing.assert_allclose(actual, expected, atol=1e-6)


def test_batches_come_back_with_what_it_gives(small_source: Source) -> None:
    batches = np.split(sample_pictures(small.SIDE), (1, 4))
    runner = Runner(small_source.graph, optimised=True)
    for batch, (same, given) in zip(batches, runner.over(batches), strict=True):
        assert same is batch
        np.testing.assert_array_equal(given, runner.run(batch))
