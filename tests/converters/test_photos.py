"""The default image model on real photos, as the server decodes them."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from server.codec.picture import decode
from server.contract import ImageContract
from server.session import Session

FOLDER = os.environ.get("TEST_PHOTOS")
pytestmark = pytest.mark.skipif(
    not FOLDER, reason="TEST_PHOTOS does not name a folder of photos with a labels.tsv"
)


def test_the_default_model_is_right_as_often_as_the_reference(efficientnet_lite0: Path) -> None:
    folder = Path(str(FOLDER))
    session = Session(efficientnet_lite0)
    contract = session.contract
    assert isinstance(contract, ImageContract)
    with (folder / "labels.tsv").open(encoding="utf-8") as file:
        photos = list(csv.DictReader(file, delimiter="\t"))
    assert len(photos) == 80
    first = within_five = 0
    for photo in photos:
        picture = decode((folder / photo["file"]).read_bytes(), contract, 50.0)
        ranking = np.argsort(-session.run({"image": picture[np.newaxis]})[0])
        index = int(photo["class_index"])
        assert contract.labels[index].id == photo["wnid"]
        assert contract.labels[index].label == photo["name"].replace("_", " ")
        first += ranking[0] == index
        within_five += index in ranking[:5]
    assert abs(first - 71) <= 1, f"{first} of 80 right"
    assert abs(within_five - 77) <= 1, f"{within_five} of 80 within five"
