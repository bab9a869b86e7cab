"""A model file's bytes: the seal, and the metadata apart from the graph."""

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper

from server.contract import CONTRACT_KEY
from server.errors import StartupError
from server.modelfile import DIGEST_KEY, check_seal, seal, split
from tests import tiny

SEALED = tiny.stamped(tiny.image_graph(), tiny.image_contract())


def test_a_sealed_file_passes() -> None:
    check_seal(SEALED, "m.onnx")
    assert seal(SEALED) == SEALED


def test_a_graph_that_holds_what_looks_like_a_seal() -> None:
    graph = tiny.image_graph()
    graph.graph.doc_string = "rtscore.sha256\x12@" + "0" * 64
    sealed = tiny.stamped(graph, tiny.image_contract())
    check_seal(sealed, "m.onnx")
    assert onnx.load_from_string(sealed).graph.doc_string == graph.graph.doc_string


@given(st.integers(0, len(SEALED) - 1), st.integers(1, 255))
def test_any_changed_byte_breaks_the_seal(place: int, flip: int) -> None:
    damaged = bytearray(SEALED)
    damaged[place] ^= flip
    with pytest.raises(StartupError, match=r"m\.onnx .*rtscore-convert"):
        check_seal(bytes(damaged), "m.onnx")


@given(st.integers(0, len(SEALED) - 1))
def test_any_cut_breaks_the_seal(length: int) -> None:
    with pytest.raises(StartupError, match=r"m\.onnx .*cut"):
        check_seal(SEALED[:length], "m.onnx")


@given(st.binary(min_size=1, max_size=200))
def test_anything_added_breaks_the_seal(more: bytes) -> None:
    with pytest.raises(StartupError, match=r"m\.onnx was cut or changed"):
        check_seal(SEALED + more, "m.onnx")


@given(st.binary(max_size=200))
def test_other_files_have_no_seal(content: bytes) -> None:
    with pytest.raises(StartupError, match=r"m\.onnx is no model file of rtscore-convert"):
        check_seal(content, "m.onnx")
    with pytest.raises(ValueError, match=r"rtscore\.sha256 is missing"):
        seal(content)


def test_a_file_is_split_into_graph_and_metadata() -> None:
    graph, metadata = split(SEALED)
    whole = onnx.load_from_string(SEALED)
    assert metadata == {entry.key: entry.value for entry in whole.metadata_props}
    assert set(metadata) == {CONTRACT_KEY, DIGEST_KEY}
    del whole.metadata_props[:]
    assert onnx.load_from_string(graph) == whole


@given(st.dictionaries(st.text(max_size=9), st.text(max_size=300)), st.booleans())
def test_what_lies_between_the_metadata_stays(entries: dict[str, str], later: bool) -> None:
    model = tiny.image_graph()
    if later:  # functions have a higher number, so they come after the metadata
        function = helper.make_function("own", "F", ["x"], ["y"], [], [helper.make_opsetid("", 18)])
        model.functions.append(function)
    bare = model.SerializeToString()
    for key, value in entries.items():
        model.metadata_props.add(key=key, value=value)
    graph, metadata = split(model.SerializeToString())
    assert metadata == entries
    assert onnx.load_from_string(graph) == onnx.load_from_string(bare)
