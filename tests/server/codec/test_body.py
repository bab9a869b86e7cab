"""Bodies: their limits of size and time, media types, and strict JSON."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from server.codec.body import (
    NO_QUERY,
    QueryString,
    arriving,
    chunks,
    content_type,
    parse_json,
    read_body,
)
from server.errors import (
    BadRequest,
    Invalid,
    RequestTimeout,
    TooLarge,
    UnsupportedMediaType,
)
from server.settings import Settings

MIB = 1024 * 1024


class Client:
    """Sends its chunks one at a time, each after a pause, and knows how many were asked for."""

    def __init__(self, body: Sequence[bytes] = (b"",), pause: float = 0, leaves: bool = False):
        self._messages: list[Message] = [
            {"type": "http.request", "body": chunk, "more_body": True} for chunk in body
        ]
        if leaves:
            self._messages.append({"type": "http.disconnect"})
        elif self._messages:
            self._messages[-1]["more_body"] = False
        self._pause = pause
        self.asked = 0

    async def receive(self) -> Message:
        await asyncio.sleep(self._pause)
        self.asked += 1
        return self._messages[self.asked - 1]


def request(
    client: Client | None = None,
    *,
    headers: dict[str, str] | None = None,
    query: str = "",
    **settings: Any,
) -> Request:
    """A request as it reaches a codec."""
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "query_string": query.encode(),
        "headers": [
            (name.lower().encode(), value.encode()) for name, value in (headers or {}).items()
        ],
        "state": {"settings": Settings(**settings)},
    }
    return Request(scope, (client or Client()).receive)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, ""),
        ({"Content-Type": ""}, ""),
        ({"Content-Type": "application/json"}, "application/json"),
        ({"Content-Type": "Application/JSON; charset=UTF-8"}, "application/json"),
        ({"Content-Type": 'application/json;charset="utf-8"; x=1'}, "application/json"),
        ({"Content-Type": "application/json; charset=utf8"}, "application/json"),
        ({"Content-Type": "image/jpeg; charset=latin-1"}, "image/jpeg"),
        ({"Content-Type": "image/png", "Content-Encoding": "identity"}, "image/png"),
        ({"Content-Type": "multipart/form-data; boundary=x"}, "multipart/form-data"),
    ],
)
def test_the_media_type_without_its_parameters(headers: dict[str, str], expected: str) -> None:
    assert content_type(request(headers=headers)) == expected


@pytest.mark.parametrize("charset", ["latin-1", "utf-16", "UTF-16LE", '"ascii"'])
def test_json_in_another_charset_is_refused(charset: str) -> None:
    headers = {"Content-Type": f"application/json; charset={charset}"}
    with pytest.raises(UnsupportedMediaType, match="UTF-8"):
        content_type(request(headers=headers))


@pytest.mark.parametrize("encoding", ["gzip", "br", "GZIP", "identity, gzip", "x" * 500])
def test_a_compressed_body_is_refused(encoding: str) -> None:
    with pytest.raises(UnsupportedMediaType, match="without Content-Encoding") as caught:
        content_type(request(headers={"Content-Encoding": encoding}))
    assert len(caught.value.detail) < 100


@pytest.mark.parametrize("body", [[b""], [b"abc"], [b"a", b"", b"bc"], [b"x" * MIB]])
async def test_a_body_is_read_whole(body: list[bytes]) -> None:
    assert await read_body(request(Client(body), max_body_mib=1)) == b"".join(body)


async def test_a_body_whose_stated_length_is_too_much_is_not_asked_for() -> None:
    client = Client([b"x"])
    with pytest.raises(TooLarge, match=f"The body has {MIB + 1} bytes; at most {MIB} are taken"):
        await read_body(request(client, headers={"Content-Length": str(MIB + 1)}, max_body_mib=1))
    assert client.asked == 0


async def test_a_stated_length_at_the_limit_is_taken() -> None:
    body = b"x" * MIB
    headers = {"Content-Length": str(len(body))}
    assert await read_body(request(Client([body]), headers=headers, max_body_mib=1)) == body


@pytest.mark.parametrize("headers", [{}, {"Content-Length": "10"}, {"Content-Length": "many"}])
async def test_a_body_that_grows_too_large_is_not_read_to_its_end(headers: dict[str, str]) -> None:
    client = Client([b"x" * (MIB // 2)] * 20)
    with pytest.raises(TooLarge, match=f"more than {MIB} bytes"):
        await read_body(request(client, headers=headers, max_body_mib=1))
    assert client.asked == 3


async def test_a_body_that_does_not_arrive_in_time() -> None:
    client = Client([b"x"] * 1000, pause=0.005)  # some of it does, again and again
    with pytest.raises(RequestTimeout, match="did not arrive within 50 ms"):
        await read_body(request(client, body_timeout_ms=50))
    assert 1 <= client.asked < 20


async def test_the_limit_of_time_holds_for_any_block_that_reads() -> None:
    with pytest.raises(RequestTimeout):
        async with arriving(request(body_timeout_ms=10)):
            await asyncio.sleep(5)


@pytest.mark.parametrize("body_timeout_ms", [5_000, 60_000])
async def test_a_deadline_from_outside_is_not_the_bodys(body_timeout_ms: int) -> None:
    slow = request(Client([b"x"], pause=5), timeout_ms=10_000, body_timeout_ms=body_timeout_ms)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await read_body(slow)


async def test_a_client_that_leaves() -> None:
    with pytest.raises(ClientDisconnect):
        await read_body(request(Client([b"half", b"of"], leaves=True)))


async def test_chunks_come_as_they_arrive() -> None:
    client = Client([b"a", b"b"])
    seen = []
    async for chunk in chunks(request(client)):
        seen.append((chunk, client.asked))  # noqa: PERF401 - the count is of this very moment
    assert seen == [(b"a", 1), (b"b", 2)]


class Query(BaseModel):
    """A query for tests."""

    model_config = ConfigDict(extra="forbid")

    top_k: int = Field(5, ge=1, le=1000)


QUERY = QueryString(Query)


@pytest.mark.parametrize(("query", "top_k"), [("", 5), ("top_k=7", 7), ("top_k=1000", 1000)])
def test_a_query(query: str, top_k: int) -> None:
    assert QUERY.parse(request(query=query)).top_k == top_k


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("top_k=0", "top_k: Input should be greater than or equal to 1"),
        ("top_k=1001", "top_k: "),
        ("top_k=", "top_k: "),
        ("top_k=1.5", "top_k: "),
        ("top_k=three", "top_k: "),
        ("top_k=1&top_k=2", "given twice"),
        ("topk=3", "topk: Extra inputs are not permitted"),
        ("top_k=1&%ff=", "Extra inputs"),
    ],
)
def test_a_query_that_is_refused(query: str, told: str) -> None:
    with pytest.raises(Invalid, match=told):
        QUERY.parse(request(query=query))


def test_a_route_without_a_query() -> None:
    NO_QUERY.parse(request())
    with pytest.raises(Invalid, match="top_k: Extra inputs"):
        NO_QUERY.parse(request(query="top_k=3"))


class Document(BaseModel):
    """A body for tests."""

    model_config = ConfigDict(strict=True, extra="forbid")

    name: str = Field(max_length=5)
    count: int = Field(1, ge=1, le=9)
    items: list[int] = Field([], max_length=3)


DOCUMENT = TypeAdapter(Document)


def test_json() -> None:
    body = '{"name": "ünï", "items": [1, 2]}'.encode()
    assert parse_json(body, DOCUMENT) == Document(name="ünï", items=[1, 2])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"{} {}",
        b"{'name': 'a'}",
        b'{"name": "a",}',
        b'{"name": "\xff"}',
        b'{"name": "\\ud800"}',
        b'\xef\xbb\xbf{"name": "a"}',
        '{"name": "a"}'.encode("utf-16"),
        b"[" * 100_000,
        b'{"name": "a", "count": ' + b"9" * 10_000 + b"}",
    ],
)
def test_bytes_that_are_no_json(body: bytes) -> None:
    with pytest.raises(BadRequest, match=r"The body is (empty|not valid JSON: \S)"):
        parse_json(body, DOCUMENT)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("null", "Input should be an object."),
        ("[]", "Input should be an object."),
        ("{}", "name: Field required."),
        ('{"name": null}', "name: Input should be a valid string."),
        ('{"name": "a", "count": "3"}', "count: Input should be a valid integer."),
        ('{"name": "a", "count": true}', "count: Input should be a valid integer."),
        ('{"name": "a", "count": 3.0}', "count: Input should be a valid integer."),
        ('{"name": "a", "count": NaN}', "count: Input should be a valid integer."),
        ('{"name": "a", "count": 10}', "count: Input should be less than or equal to 9."),
        ('{"name": "a", "items": [1, "x"]}', "items.1: Input should be a valid integer."),
        ('{"name": "a", "top": 1}', "top: Extra inputs are not permitted."),
        ('{"name": "abcdef"}', "name: String should have at most 5 characters."),
    ],
)
def test_a_wrong_field_is_told_with_its_path(body: str, told: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_json(body.encode(), DOCUMENT)
    assert caught.value.detail == told


def test_a_list_that_is_too_long_is_too_large() -> None:
    with pytest.raises(TooLarge, match="items: List should have at most 3 items"):
        parse_json(b'{"name": "a", "items": [1, 2, 3, 4]}', DOCUMENT)


def test_several_wrong_fields_are_told_together_but_not_all_of_many() -> None:
    with pytest.raises(Invalid, match=r"name: Field required; count: .*; \w+: Extra"):
        parse_json(b'{"count": 0, "other": 1}', DOCUMENT)
    many = json.dumps({f"key{number}": 1 for number in range(1000)}).encode()
    with pytest.raises(Invalid) as caught:
        parse_json(many, DOCUMENT)
    assert len(caught.value.detail) < 300


def test_a_long_name_is_not_sent_back_whole() -> None:
    with pytest.raises(Invalid) as caught:
        parse_json(json.dumps({"k" * 100_000: 1, "name": "a"}).encode(), DOCUMENT)
    assert len(caught.value.detail) < 200


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=10,
)
documents = st.fixed_dictionaries(
    {},
    optional={
        "name": json_values | st.text(max_size=6),
        "count": json_values | st.integers(0, 10),
        "items": json_values | st.lists(st.integers(), max_size=4),
        "other": json_values,
    },
)
bodies = (json_values | documents).map(lambda value: json.dumps(value).encode())


@given(st.binary(max_size=60) | bodies)
def test_whatever_comes_is_a_document_or_a_told_error(body: bytes) -> None:
    try:
        made = parse_json(body, DOCUMENT)
    except (BadRequest, Invalid, TooLarge) as error:
        told = error.detail
    else:
        told = "."
        sent = json.loads(body)
        assert {name: getattr(made, name) for name in sent} == sent
    assert told.endswith(".")
