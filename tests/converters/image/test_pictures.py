from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from converters.export import ConversionError
from converters.image.pictures import built_in, photos
from server.contract import ImageContract
from tests import tiny

CONTRACT: ImageContract = tiny.image_contract(height=16, width=16)


def test_built_in_ones_come_in_batches_of_several_sizes() -> None:
    batches = built_in(16)
    assert [len(batch) for batch in batches] == [1, 3, 4]
    assert {batch.shape[1:] for batch in batches} == {(16, 16, 3)}


def test_a_folders_pictures_are_cut_as_the_server_does(tmp_path: Path) -> None:
    for number in range(6):
        picture = Image.new("RGB", (32, 20), (40 * number, 0, 0))
        picture.save(tmp_path / f"{number}.{'png' if number % 2 else 'BMP'}")
    (tmp_path / "labels.tsv").write_text("0.png\tred\n")
    batches = list(photos(CONTRACT, tmp_path))
    assert [batch.shape for batch in batches] == [(4, 16, 16, 3), (2, 16, 16, 3)]
    reds = np.concatenate(batches)[:, 0, 0, 0]
    assert sorted(reds.tolist()) == [0, 40, 80, 120, 160, 200]


def test_a_folder_without_pictures(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("none yet")
    with pytest.raises(ConversionError, match="there are no pictures in"):
        list(photos(CONTRACT, tmp_path))


def test_a_picture_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 cut")
    with pytest.raises(ConversionError, match=r"broken\.jpg: "):
        list(photos(CONTRACT, tmp_path))
