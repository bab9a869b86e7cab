from pathlib import Path

import pytest
from PIL import Image

from client.plot import plot
from client.runner import Sample
from client.target import Answer


@pytest.mark.parametrize(
    "codes", [[""], ["", "$costs$ _^ {"], [""] * 500 + ["overloaded"] * 20], ids=len
)
def test_a_picture_of_any_run_is_drawn(tmp_path: Path, codes: list[str]) -> None:
    samples = [
        Sample("/v1/faq", number / 100, number / 100, number / 100, Answer(200, code))
        for number, code in enumerate(codes)
    ]
    plot(samples, "http://a: 100 $ a second $", tmp_path / "run.xyz")
    with Image.open(tmp_path / "run.xyz") as picture:
        assert picture.format == "PNG"
        assert picture.size == (1440, 600)
        assert len(picture.convert("RGB").getcolors(1_000_000) or ()) > 2  # more than a frame
