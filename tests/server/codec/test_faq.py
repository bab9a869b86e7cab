"""POST /v1/faq: what a body may say, and how probabilities become an answer."""

import json
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message

from server.codec.faq import FaqAnswer, FaqAnswers, FaqCall, decode, encode
from server.contract import Entry
from server.errors import ApiError, BadRequest, Invalid, TooLarge, UnsupportedMediaType
from server.pool import Pool
from server.settings import Settings
from server.stages import Stages
from tests import tiny

JSON = "application/json"
CONTRACT = tiny.faq_contract()
ABOUT = {"name": "faq", "version": "0123456789ab"}


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    made = Pool(1, 10, "decode")
    yield made
    made.close()


def request(body: bytes, media_type: str | None, pool: Pool, query: str = "") -> Request:
    """A request as it reaches the codec."""
    headers = [] if media_type is None else [(b"content-type", media_type.encode())]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/faq",
        "query_string": query.encode(),
        "headers": headers,
        "state": {"settings": Settings(), "stages": Stages(), "decoders": pool},
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request(scope, receive)


async def call(asked: Any, pool: Pool) -> FaqCall:
    """What the codec makes of `asked`."""
    return await decode(request(json.dumps(asked).encode(), JSON, pool), CONTRACT)


def counted(row: Any) -> dict[str, int]:
    """A row's terms as text, with their counts."""
    (indices, counts), tokens = row
    assert tokens is None
    return {tiny.TERMS[index]: int(count) for index, count in zip(indices, counts, strict=True)}


async def test_one_question(pool: Pool) -> None:
    asked = request(b'{"question": " Sort an ARRAY, sort it! "}', JSON, pool)
    made = await decode(asked, CONTRACT)
    assert made.single
    assert made.top_k == 3
    assert [counted(row) for row in made.rows] == [{"sort": 2, "array": 1}]
    assert list(asked.state.stages.seconds) == ["decode"]


async def test_several_questions_keep_their_order(pool: Pool) -> None:
    made = await call({"questions": ["date", "nothing known", "string"], "top_k": 1}, pool)
    assert not made.single
    assert made.top_k == 1
    assert [counted(row) for row in made.rows] == [{"date": 1}, {}, {"string": 1}]


@pytest.mark.parametrize("text", ["sort " * 3, "sort " * 600 + "x" * 900])
async def test_small_and_large_bodies_are_decoded_alike(text: str, pool: Pool) -> None:
    made = await call({"question": text}, pool)
    assert [counted(row) for row in made.rows] == [{"sort": text.count("sort")}]


async def test_one_question_in_a_list_is_answered_as_a_list(pool: Pool) -> None:
    assert not (await call({"questions": ["date"]}, pool)).single


@pytest.mark.parametrize(
    "asked",
    [
        {"question": "x" * 4000},
        {"question": " " * 5000 + "x" * 4000},
        {"question": "😀" * 4000},
        {"question": "a", "top_k": 1},
        {"question": "a", "top_k": 1000},
        {"questions": ["a"] * 256},
        {"questions": ["a"] * 10, "top_k": 1000},
        {"questions": ["a"] * 256, "top_k": 39},
    ],
)
async def test_what_is_just_inside_the_limits(asked: dict[str, Any], pool: Pool) -> None:
    made = await call(asked, pool)
    assert len(made.rows) == len(asked.get("questions", [1]))


@pytest.mark.parametrize(
    ("asked", "error", "told"),
    [
        ({"question": ""}, Invalid, "question: .*at least 1"),
        ({"question": " \t\n "}, Invalid, "question: .*at least 1"),
        ({"question": "x" * 4001}, Invalid, "question: .*at most 4000"),
        ({"question": 3}, Invalid, "question: .*valid string"),
        ({"question": None}, Invalid, "question: .*valid string"),
        ({"questions": []}, Invalid, "questions: .*at least 1"),
        ({"questions": "a"}, Invalid, "questions: .*valid array"),
        ({"questions": ["a", ""]}, Invalid, r"questions\.1: .*at least 1"),
        ({"questions": ["a", None]}, Invalid, r"questions\.1: "),
        ({"questions": ["a"] * 257}, TooLarge, "questions: .*at most 256"),
        ({"questions": ["a"] * 11, "top_k": 1000}, TooLarge, "is 11000; at most 10000"),
        ({"questions": ["a"] * 256, "top_k": 40}, TooLarge, "is 10240; at most 10000"),
        ({}, Invalid, "^give exactly one of 'question' and 'questions'"),
        ({"question": "a", "questions": ["a"]}, Invalid, "^give exactly one"),
        ({"question": "a", "questions": []}, Invalid, "questions: "),
        ({"question": "a", "top_k": 0}, Invalid, "top_k: "),
        ({"question": "a", "top_k": 1001}, Invalid, "top_k: "),
        ({"question": "a", "top_k": "3"}, Invalid, "top_k: "),
        ({"question": "a", "top_k": True}, Invalid, "top_k: "),
        ({"question": "a", "top_k": None}, Invalid, "top_k: "),
        ({"question": "a", "topk": 3}, Invalid, "topk: Extra inputs"),
        ([], Invalid, "object"),
    ],
)
async def test_what_is_refused(asked: Any, error: type[ApiError], told: str, pool: Pool) -> None:
    with pytest.raises(error, match=told):
        await call(asked, pool)


@pytest.mark.parametrize("body", [b"", b"{", b"question=a", b'{"question": "' + b"a" * 5000])
async def test_a_body_that_is_no_json(body: bytes, pool: Pool) -> None:
    with pytest.raises(BadRequest):
        await decode(request(body, JSON, pool), CONTRACT)


@pytest.mark.parametrize(
    "media_type", [None, "", "text/plain", "application/x-www-form-urlencoded", "application/jsonl"]
)
async def test_another_media_type(media_type: str | None, pool: Pool) -> None:
    with pytest.raises(UnsupportedMediaType, match="Content-Type: application/json"):
        await decode(request(b'{"question": "a"}', media_type, pool), CONTRACT)


async def test_a_query_string_is_refused(pool: Pool) -> None:
    with pytest.raises(Invalid, match="top_k: Extra inputs"):
        await decode(request(b'{"question": "a"}', JSON, pool, "top_k=3"), CONTRACT)


def answer(rows: list[list[float]], top_k: int, single: bool, **contract: Any) -> Any:
    """The answer to these probabilities."""
    call = FaqCall(rows=[], top_k=top_k, single=single)
    probabilities = [np.array(row, np.float32) for row in rows]
    stages = Stages()
    body = encode(call, probabilities, tiny.faq_contract(**contract), ABOUT, stages)
    assert list(stages.seconds) == ["encode"]
    return json.loads(body)


def test_the_answer_to_one_question() -> None:
    got = answer([[0.125, 0.75, 0.0625]], 2, single=True)
    assert got == {
        "model": ABOUT,
        "matched": True,
        "matches": [
            {
                "id": "date",
                "question": "How do I compare dates?",
                "answer": "With `<`.",
                "probability": 0.75,
            },
            {
                "id": "sort",
                "question": "How do I sort an array?",
                "answer": "`values.sort()`",
                "probability": 0.125,
            },
        ],
    }
    FaqAnswer.model_validate(got)


def test_the_answers_to_several_questions() -> None:
    got = answer([[0.25, 0.0, 0.75], [0.25, 0.25, 0.25]], 1, single=False)
    assert [result["matched"] for result in got["results"]] == [True, False]
    assert [result["matches"][0]["id"] for result in got["results"]] == ["string", "sort"]
    assert got["results"][0]["matches"][0]["answer"] is None
    assert got["model"] == ABOUT
    FaqAnswers.model_validate(got)


def test_matched_is_the_models_own_threshold() -> None:
    for threshold, matched in ((0.5, True), (0.501, False), (0.0, True), (1.0, False)):
        got = answer([[0.5, 0.25, 0.25]], 3, single=True, threshold=threshold)
        assert got["matched"] is matched


def test_top_k_is_cut_to_the_number_of_entries() -> None:
    got = answer([[0.25, 0.5, 0.25]], 1000, single=True)
    assert [match["id"] for match in got["matches"]] == ["date", "sort", "string"]


@given(
    st.lists(st.sampled_from([0.0, 1e-9, 0.125, 0.1, 0.3, 0.5, 1.0]), min_size=1, max_size=40),
    st.integers(1, 50),
)
def test_matches_fall_in_probability_and_ties_keep_the_order_of_entries(
    row: list[float], top_k: int
) -> None:
    entries = tuple(Entry(id=str(index), question="q") for index in range(len(row)))
    got = answer([row], top_k, single=True, entries=entries)
    expected = sorted(range(len(row)), key=lambda index: -row[index])[:top_k]
    assert [int(match["id"]) for match in got["matches"]] == expected
    for match in got["matches"]:
        assert match["probability"] == pytest.approx(row[int(match["id"])], rel=1e-6)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=50))
def test_any_text_of_an_entry_survives(text: str) -> None:
    entries = (Entry(id=text, question=text, answer=text),)
    match = answer([[1.0]], 1, single=True, entries=entries)["matches"][0]
    assert (match["id"], match["question"], match["answer"]) == (text, text, text)
