import hashlib
import zipfile
from pathlib import Path

import pytest

from converters.export import ConversionError
from converters.inspection.facts import read, summary
from server.errors import StartupError
from server.session import Session
from tests import tiny

CONTENT = tiny.stamped(tiny.image_graph(), tiny.image_contract())


@pytest.mark.parametrize(
    "content",
    [
        CONTENT,
        tiny.stamped(tiny.faq_graph(), tiny.faq_contract()),
        tiny.stamped(
            tiny.encoder_graph(), tiny.faq_contract(subwords=tiny.SUBWORDS, precision="int8")
        ),
    ],
)
def test_a_file_that_the_server_takes(tmp_path: Path, content: bytes) -> None:
    path = tiny.write(tmp_path, content)
    facts = read(path)
    assert (facts.file, facts.bytes, facts.problem) == ("model.onnx", len(content), None)
    session = Session(path)
    assert facts.version == session.version == hashlib.sha256(content).hexdigest()[:12]
    assert facts.contract == session.contract
    assert [value.name for value in facts.graph.inputs] == [one["name"] for one in session.inputs]


def test_a_graph_that_does_not_fit_its_contract_is_said(tmp_path: Path) -> None:
    content = tiny.stamped(tiny.image_graph(outputs=3), tiny.image_contract())
    facts = read(tiny.write(tmp_path, content))
    assert facts.contract == tiny.image_contract()
    assert facts.problem is not None
    assert "the graph does not fit its contract" in facts.problem


def test_a_foreign_file_has_a_graph_and_advice(tmp_path: Path) -> None:
    model = tiny.image_graph()
    model.metadata_props.add(key="author", value="me")
    facts = read(tiny.write(tmp_path, model.SerializeToString()))
    assert facts.contract is None
    assert facts.metadata == {"author": "me"}
    assert facts.problem is not None
    assert "rtscore-convert onnx" in facts.problem


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (CONTENT[: len(CONTENT) // 2], "this is no ONNX file, or it was cut; copy it again"),
        (CONTENT.replace(b'"crop":1.0', b'"crop":0.5'), "was cut or changed after it was exported"),
        (tiny.stamped(tiny.image_graph(), "{}"), "has a contract that this version can't read"),
        (b"", "this is no ONNX file, or it was cut"),
        (b"hello", "this is no ONNX file, or it was cut"),
        (b"\x08\x0a", "this is no ONNX file, or it was cut"),
        (b"\x89HDF\r\n\x1a\n" + bytes(50), "this is no ONNX file but an HDF5 file"),
    ],
)
def test_what_is_broken_is_said(tmp_path: Path, content: bytes, message: str) -> None:
    path = tiny.write(tmp_path, content)
    with pytest.raises((ConversionError, StartupError), match=message) as caught:
        read(path)
    assert str(path) in str(caught.value)


def test_a_zip_file(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(ConversionError, match="rtscore-convert keras takes"):
        read(path)


def test_long_lists_and_texts_are_cut() -> None:
    assert summary({"a": [1, 2], "b": list(range(9)), "c": "x" * 300}) == {
        "a": [1, 2],
        "b": {"count": 9, "first": [0, 1, 2, 3, 4]},
        "c": "x" * 199 + "…",
    }
    # However few classes there are, programs find them in the same place.
    assert summary([{"id": "n0"}]) == {"count": 1, "first": [{"id": "n0"}]}
