import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from converters.export import ConversionError
from converters.quantization.pictures import BATCH, batch_count, batches, digest, find, halves
from server.codec.picture import decode
from tests.converters.quantization import small


def test_pictures_are_found_by_suffix_and_each_content_once(folder: Path, tmp_path: Path) -> None:
    assert len(find(folder)) == 44
    inner = tmp_path / "of" / "a kind"
    small.write_pictures(inner, 5)
    shutil.copy(inner / "000.png", tmp_path / "again.PNG")
    found = find(tmp_path)
    assert [one.path.name for one in found] == ["again.PNG", *(f"{n:03}.png" for n in range(1, 5))]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=r"nowhere is no folder"):
        find(tmp_path / "nowhere")


def test_halves_share_nothing_and_the_seed_decides(folder: Path) -> None:
    found = find(folder)[:43]
    first, second = halves(found, 0)
    assert (len(first), len(second)) == (21, 22)
    assert sorted([*first, *second]) == found
    assert halves(found, 0) == (first, second)
    assert halves(found, 1) != (first, second)


def test_a_digest_is_that_of_the_contents(folder: Path) -> None:
    found = find(folder)
    assert digest(found) == digest(found[::-1])
    assert digest(found) != digest(found[1:])


def test_batches_are_what_the_server_would_decode(folder: Path) -> None:
    found = find(folder)[: BATCH + 1]
    whole, rest = batches(found, small.contract())
    assert batch_count(found) == 2
    assert (len(whole), len(rest)) == (BATCH, 1)
    expected = decode(found[-1].path.read_bytes(), small.contract(), 1)
    np.testing.assert_array_equal(rest[0], expected)


def test_a_damaged_picture_is_named(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64)).save(tmp_path / "good.png")
    (tmp_path / "bad.jpg").write_bytes(b"\xff\xd8\xff and no more")
    with pytest.raises(ConversionError, match=r"bad\.jpg: .* Take it out of the folder\.$"):
        list(batches(find(tmp_path), small.contract()))
