from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

from converters.classify.labelled import Picture
from converters.classify.looking import TOP, Seen, look
from converters.export import ConversionError
from server.codec.picture import decode
from server.contract import ImageContract
from server.session import Session
from tests import picture_set, tiny

NAMES = ("dark", "a", "b", "c", "d", "e", "bright")


def shown(model: Path, pictures: list[Picture]) -> Seen:
    session = Session(model)
    assert isinstance(session.contract, ImageContract)
    return look(session, session.contract, pictures)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return picture_set.write_pictures(tmp_path / "pictures", {"0": 0, "1": 120, "2": 255})


def test_it_says_what_the_file_says(tmp_path: Path, folder: Path) -> None:
    model = picture_set.model(tmp_path, NAMES)
    pictures = [Picture(str(n), folder / str(n), label) for n, label in enumerate((1, 6, 0))]
    seen = shown(model, pictures)
    session = Session(model)
    assert isinstance(session.contract, ImageContract)
    for number, picture in enumerate(pictures):
        pixels = decode(picture.path.read_bytes(), session.contract, 50)
        row = session.run({"image": pixels[np.newaxis]})[0]
        np.testing.assert_allclose(seen.chances[number], np.sort(row)[::-1][:TOP], atol=1e-6)
        assert seen.own[number] == pytest.approx(row[picture.label], abs=1e-6)
    # A black picture gives every class the same: they come in their order, as the server has them.
    assert seen.ranks.tolist() == [2, 1, 7]
    assert seen.top[0].tolist() == [0, 1, 2, 3, 4]
    assert seen.top[1].tolist() == [6, 5, 4, 3, 2]
    assert seen.right.tolist() == [False, True, False]
    assert seen.labels.tolist() == [1, 6, 0]
    assert (seen.decode_ms > 0).all()
    assert (seen.run_ms > 0).all()
    assert seen.unreadable == []


def test_what_can_not_be_decoded_is_counted_and_said(
    tmp_path: Path, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "text\x1b[31m").write_text("hello")
    (folder / "cut").write_bytes((folder / "1").read_bytes()[:40])
    files = ("text\x1b[31m", "1", "cut")
    pictures = [Picture(file, folder / file, 1) for file in files]
    seen = shown(picture_set.model(tmp_path), pictures)
    assert [picture.file for picture in seen.pictures] == ["1"]
    assert [one.file for one in seen.unreadable] == ["text\x1b[31m", "cut"]
    assert "not a picture that is known here" in seen.unreadable[0].reason
    assert len(caplog.messages) == 2
    assert "\x1b" not in caplog.text
    with pytest.raises(ConversionError, match="none of the 2 pictures can be decoded; the first"):
        shown(picture_set.model(tmp_path), [pictures[0], pictures[2]])


def test_what_is_no_number_is_refused(tmp_path: Path, folder: Path) -> None:
    graph = tiny.image_graph()
    graph.graph.node[-1].output[0] = "numbers"
    graph.graph.node.append(helper.make_node("Div", ["numbers", "zero"], ["infinite"]))
    graph.graph.node.append(helper.make_node("Sub", ["infinite", "infinite"], ["probabilities"]))
    graph.graph.initializer.append(helper.make_tensor("zero", TensorProto.FLOAT, [], [0.0]))
    model = tiny.write(tmp_path, tiny.stamped(graph, tiny.image_contract()))
    with pytest.raises(ConversionError, match="1: the model gives something else than numbers"):
        shown(model, [Picture("1", folder / "1", 1)])
