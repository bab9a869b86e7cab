import pytest

from converters.torch.timm import noted_preprocessing
from tests.converters.torch.networks import Noted, Small


def test_what_timm_notes() -> None:
    found = noted_preprocessing(Noted())
    assert found is not None
    assert (found.height, found.width, found.crop, found.resample) == (32, 32, 0.95, "bilinear")
    assert found.mean == pytest.approx((127.5,) * 3)
    assert found.std == pytest.approx((63.75, 127.5, 127.5))
    assert not found.bgr


def test_a_network_that_notes_nothing() -> None:
    assert noted_preprocessing(Small()) is None
    small = Small()
    small.pretrained_cfg = {"url": ""}
    assert noted_preprocessing(small) is None
