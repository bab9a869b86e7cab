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
