"""The report's page, in a browser too."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from converters.classify import report
from converters.classify.figures import evaluate
from converters.classify.looking import Seen, Unreadable
from tests import picture_set
from tests.browser import Elements, Elsewhere, browse, hostile


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    server = Elsewhere()
    yield server
    server.close()


def shown(folder: Path, texts: Sequence[str], pictures: int = 70) -> Seen:
    """Wrong answers to pictures in `folder`, with `texts` where texts may stand."""
    picture_set.write_pictures(folder, {"one.png": 90})
    rows = np.random.default_rng(0).dirichlet([0.2] * 7, pictures)
    right = ((rows.argmax(axis=1) + 1) % 7).tolist()
    unreadable = [Unreadable(text, text) for text in texts]
    made = picture_set.seen(right, rows.tolist(), ["one.png"] * pictures, folder, unreadable)
    renamed = [
        type(one)(texts[number % len(texts)], one.path, one.label)
        for number, one in enumerate(made.pictures)
    ]
    return Seen(**{**vars(made), "pictures": renamed})


def write(folder: Path, texts: Sequence[str], title: str = "Report on image.onnx") -> Path:
    path = folder / "out" / "report.html"
    contract = picture_set.contract([texts[number % len(texts)] for number in range(7)])
    seen = shown(folder, texts)
    report.write(path, title, evaluate(seen, 7), seen, contract)
    return path


def test_texts_stay_texts(tmp_path: Path) -> None:
    texts = hostile("http://example.invalid")
    tame = Elements(write(tmp_path / "tame", ["tame"]).read_text(encoding="utf-8"))
    page = write(tmp_path / "wild", texts, title=texts[0]).read_text(encoding="utf-8")
    wild = Elements(page)
    assert wild.tags == tame.tags
    assert wild.attributes == tame.attributes
    assert not {"script", "link", "iframe", "object"} & wild.tags
    assert "onerror" not in wild.attributes
    assert page.count('<img src="data:image/jpeg;base64,') == page.count("<img") == report.SHOWN
    for text in texts[:5]:
        assert text in wild.texts
    assert texts[6] not in wild.texts


def test_the_page_says_what_was_found(tmp_path: Path) -> None:
    page = write(tmp_path, ["tame"]).read_text(encoding="utf-8")
    elements = Elements(page)
    assert "7 classes, 4 x 4 pixels, fp32. Shown: 70 pictures of" in page
    for name in ("figures", "mistakes", "confused", "classes", "unreadable"):
        assert f'<section id="{name}"' in page
        assert f'href="#{name}"' in page
    assert page.count("<svg") == 2
    assert f"of which the first {report.SHOWN} are shown" in page
    assert page.count("<img ") == page.count(' alt="tame: tame, taken for tame"') == report.SHOWN
    assert "0.0 %" in elements.texts  # none is right
    assert page.count("<th scope=") == page.count("<th") - page.count("<thead")


def test_a_model_without_mistakes(tmp_path: Path) -> None:
    seen = picture_set.seen([0, 1], [[0.9, 0.1], [0.2, 0.8]])
    path = tmp_path / "report.html"
    report.write(path, "x", evaluate(seen, 2), seen, picture_set.contract(("dark", "bright")))
    page = path.read_text(encoding="utf-8")
    assert page.count("Nothing was found.") == 2
    assert "<img" not in page


def test_a_browser_asks_for_nothing(tmp_path: Path, elsewhere: Elsewhere) -> None:
    path = write(tmp_path, hostile(elsewhere.url))
    page, console = browse(path.as_uri(), tmp_path / "profile")
    assert "<title>Report on image.onnx</title>" in page
    assert 'id="unreadable"' in page
    assert console == ""
    assert elsewhere.asked == []
