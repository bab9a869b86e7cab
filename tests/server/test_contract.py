"""Contracts: into the metadata and back, what is refused, and the seal around the file."""

import json
from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from server.contract import (
    CONTRACT_KEY,
    Entry,
    FaqContract,
    ImageContract,
    Label,
    parse,
)
from server.errors import StartupError
from server.tokenizer import Tokenizer, Vocabulary
from tests import tiny

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


def edited(contract: FaqContract | ImageContract, **changes: Any) -> dict[str, str]:
    """The metadata of `contract` with other fields; None removes one."""
    fields = json.loads(contract.model_dump_json()) | changes
    kept = {name: value for name, value in fields.items() if value is not None}
    return {CONTRACT_KEY: json.dumps(kept)}


@given(
    st.lists(st.builds(Entry, id=texts, question=texts, answer=st.none() | texts), min_size=1),
    st.floats(0, 1),
)
def test_a_faq_contract_survives_the_metadata(entries: list[Entry], threshold: float) -> None:
    contract = tiny.faq_contract(entries=tuple(entries), threshold=threshold)
    assert parse({CONTRACT_KEY: contract.model_dump_json()}, "m.onnx") == contract
    assert contract.outputs == len(entries)


@given(st.lists(st.builds(Label, id=texts, label=texts), min_size=1))
def test_an_image_contract_survives_the_metadata(labels: list[Label]) -> None:
    contract = tiny.image_contract(labels=tuple(labels), accuracy={"top_1": 0.5})
    assert parse({CONTRACT_KEY: contract.model_dump_json()}, "m.onnx") == contract
    assert contract.outputs == len(labels)


def test_a_file_without_a_contract_says_how_to_get_one() -> None:
    with pytest.raises(StartupError, match=r"m\.onnx .*convert it with rtscore-convert"):
        parse({"producer": "another tool"}, "m.onnx")


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"contract_version": 2}, r"contract_version: Input should be 1"),
        ({"invented": 1}, "invented: Extra inputs"),
        ({"task": "sound"}, "faq.*image"),
        ({"task": None}, "task"),
        ({"threshold": 1.5}, "threshold"),
        ({"entries": []}, "entries"),
        ({"entries": None}, "entries: Field required"),
        ({"vocabulary": {"tokenizer": {}, "terms": []}}, r"vocabulary\.terms"),
        ({"vocabulary": {"tokenizer": {"stemmer": "x"}, "terms": ["a"]}}, r"tokenizer\.stemmer"),
        ({"vocabulary": {"tokenizer": {"prefix": 0}, "terms": ["a"]}}, r"tokenizer\.prefix"),
        ({"subwords": {"tokenizer": "{}", "max_tokens": 9}}, "subwords.*no JSON of a tokenizer"),
        ({"subwords": {"tokenizer": "{}"}}, r"subwords\.max_tokens: Field required"),
        ({"entries": [{"id": "a"}]}, r"entries\.0\.question"),
        ({"entries": [{"id": "a", "question": "b", "more": "c"}]}, r"entries\.0\.more"),
        ({"precision": "int4"}, "precision"),
    ],
)
def test_a_contract_that_cannot_be_read_says_where(changes: dict[str, Any], where: str) -> None:
    with pytest.raises(StartupError, match=where) as caught:
        parse(edited(tiny.faq_contract(), **changes), "m.onnx")
    assert str(caught.value).startswith("m.onnx has a contract that this version can't read")
    assert "convert it again with the rtscore-convert of this version" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "null", "[]", '"faq"', "{}"])
def test_a_contract_that_is_no_contract(text: str) -> None:
    with pytest.raises(StartupError, match="can't read"):
        parse({CONTRACT_KEY: text}, "m.onnx")


@pytest.mark.parametrize(
    "changes",
    [
        {"height": 5},
        {"height": 0, "width": 0},
        {"crop": 0},
        {"crop": 1.01},
        {"labels": ()},
        {"resample": "nearest"},
    ],
)
def test_an_image_contract_that_makes_no_sense(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        tiny.image_contract(**changes)


@given(texts, st.sampled_from([None, 1]), st.sampled_from([None, 4]))
def test_a_contract_with_an_encoder_survives_too(
    text: str, skip: int | None, prefix: int | None
) -> None:
    tokenizer = Tokenizer(skip=skip, prefix=prefix)
    vocabulary = Vocabulary(tokenizer=tokenizer, terms=("a", "b*"))
    contract = tiny.faq_contract(vocabulary=vocabulary, subwords=tiny.SUBWORDS, precision="int8")
    again = parse({CONTRACT_KEY: contract.model_dump_json()}, "m.onnx")
    assert again == contract
    assert isinstance(again, FaqContract)
    for row, same in zip(again.encode(text), contract.encode(text), strict=True):
        np.testing.assert_array_equal(row, same)


def test_a_contract_from_before_encoders_is_read() -> None:
    old = json.loads(tiny.faq_contract().model_dump_json())
    del old["subwords"], old["vocabulary"]["tokenizer"]["prefix"]
    del old["vocabulary"]["tokenizer"]["skip"]
    assert parse({CONTRACT_KEY: json.dumps(old)}, "m.onnx") == tiny.faq_contract()


QUESTIONS = ("sort an array", "", "compare compare date or dates")


def test_texts_become_the_inputs_of_a_lexical_graph() -> None:
    contract = tiny.faq_contract()
    rows = [contract.encode(text) for text in QUESTIONS]
    assert all(tokens is None for _, tokens in rows)
    feeds = contract.feeds(rows)
    padding = len(tiny.TERMS)
    assert {name: value.tolist() for name, value in feeds.items()} == {
        "indices": [[3, 0], [padding, padding], [1, 2]],
        "counts": [[1, 1], [0, 0], [2, 1]],
    }
    assert [value.dtype for value in feeds.values()] == [np.int64, np.float32]


def test_texts_become_the_inputs_of_a_graph_with_an_encoder() -> None:
    contract = tiny.faq_contract(subwords=tiny.SUBWORDS)
    feeds = contract.feeds([contract.encode(text) for text in QUESTIONS])
    words = {word: number for number, word in enumerate(tiny.WORDS)}
    assert list(feeds) == ["indices", "counts", "tokens"]
    assert feeds["tokens"].dtype == np.int64
    assert feeds["tokens"].tolist() == [
        [words["sort"], words["an"], words["array"], -1, -1],
        [-1] * 5,
        [words["compare"], words["compare"], words["date"], 0, 0],
    ]
    lexical = tiny.faq_contract()
    expected = lexical.feeds([lexical.encode(text) for text in QUESTIONS])
    for name, value in expected.items():
        np.testing.assert_array_equal(feeds[name], value)


def test_contracts_are_frozen() -> None:
    contract = tiny.faq_contract()
    with pytest.raises(ValidationError):
        contract.threshold = 0.1  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        contract.entries[0].id = "other"  # type: ignore[misc]
