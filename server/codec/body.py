"""The bytes of a request, under a limit of size and time; and strict JSON from them."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.types import Scope

from server.errors import ApiError, BadRequest, Invalid, RequestTimeout, TooLarge
from server.errors import UnsupportedMediaType as Unsupported
from server.settings import Settings

T = TypeVar("T")

_MIB = 1024 * 1024
_PROBLEMS_TOLD = 5
_NAME_TOLD = 100  # characters of a field's name, which may be as long as the body


def headers_of(scope: Scope) -> dict[bytes, str]:
    """A request's headers by their names in lower case; of several with one name, the first.

    Starlette's own would be searched from the start for each name.
    """
    return {name: value.decode("latin-1") for name, value in reversed(scope["headers"])}


def content_type(request: Request) -> str:
    """The media type without its parameters, in lower case; "" where there is none.

    Raises UnsupportedMediaType for a compressed body or a charset other than UTF-8.
    """
    headers = headers_of(request.scope)
    encoding = headers.get(b"content-encoding", "identity").strip().lower()
    if encoding != "identity":
        raise Unsupported(f"Send the body without Content-Encoding: {encoding[:40]!r}.")
    media_type, _, parameters = headers.get(b"content-type", "").partition(";")
    media_type = media_type.strip().lower()
    charset = parameters.replace(" ", "").replace('"', "").lower().partition("charset=")[2]
    if media_type == "application/json" and charset.partition(";")[0] not in ("", "utf-8", "utf8"):
        raise Unsupported("Send JSON in UTF-8.")
    return media_type


async def read_body(request: Request) -> bytes:
    """The whole body; raises what `arriving` and `chunks` raise."""
    async with arriving(request):
        intake = _Intake(request)
        parts = []
        while intake.more:
            parts.append(await intake.next())
        return b"".join(parts)


def arriving(request: Request) -> AbstractAsyncContextManager[None]:
    """Give the block, which reads the body, as long as the settings allow.

    Raises RequestTimeout when that has passed.
    """
    settings: Settings = request.state.settings
    if settings.timeout_ms <= settings.body_timeout_ms:
        return nullcontext()  # the request's own deadline ends first, and a timer has its price
    return _within(settings.body_timeout_ms)


@asynccontextmanager
async def _within(timeout_ms: int) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(timeout_ms / 1000):
            yield
    except TimeoutError as error:
        raise RequestTimeout(
            f"The body did not arrive within {timeout_ms} ms; send it faster or make it smaller."
        ) from error


async def chunks(request: Request) -> AsyncGenerator[bytes]:
    """The body as it arrives.

    Raises TooLarge by the stated length before the body is asked for, or as soon as what came is
    too much, and ClientDisconnect where the client left.
    """
    intake = _Intake(request)
    while intake.more:
        yield await intake.next()


class _Intake:
    """Counts a body as it arrives; raises what `chunks` does."""

    def __init__(self, request: Request) -> None:
        self.more = True
        self._receive = request.receive
        self._limit = request.state.settings.max_body_mib * _MIB
        self._size = 0
        stated = headers_of(request.scope).get(b"content-length", "")
        if stated.isdecimal() and int(stated) > self._limit:
            raise TooLarge(f"The body has {stated} bytes; at most {self._limit} are taken.")

    async def next(self) -> bytes:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk: bytes = message.get("body", b"")
        self._size += len(chunk)
        if self._size > self._limit:
            raise TooLarge(f"The body has more than {self._limit} bytes, which is the limit.")
        self.more = message.get("more_body", False)
        return chunk


class About(BaseModel):
    """Which model answered; `version` is the first 12 hex digits of its file's SHA-256."""

    name: str
    version: str


class NoQuery(BaseModel):
    """A route that takes no query string."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class QueryString(Generic[T]):
    """What may stand in a query string: the fields of `model`, all with defaults."""

    def __init__(self, model: type[T]) -> None:
        self._adapter = TypeAdapter(model)
        self._empty = self._adapter.validate_strings({})  # which most queries are

    def parse(self, request: Request) -> T:
        """The query string of `request`; raises Invalid."""
        if not request.scope["query_string"]:
            return self._empty
        pairs = request.query_params.multi_items()
        names = [name for name, _ in pairs]
        if len(set(names)) < len(names):
            raise Invalid("A query parameter is given twice; give each once.")
        try:
            return self._adapter.validate_strings(dict(pairs))
        except ValidationError as error:
            raise _told(error) from error


NO_QUERY = QueryString(NoQuery)


def parse_json(body: bytes, adapter: TypeAdapter[T]) -> T:
    """`body` as JSON of the adapter's type.

    Raises BadRequest for what is not JSON, Invalid with the path of each wrong field.
    """
    if not body:
        raise BadRequest("The body is empty; send a JSON object.")
    try:
        return adapter.validate_json(body)
    except ValidationError as error:
        raise _told(error) from error


def _told(error: ValidationError) -> ApiError:
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    if problems[0]["type"] == "json_invalid":
        reason = problems[0]["msg"].removeprefix("Invalid JSON: ")
        return BadRequest(f"The body is not valid JSON: {reason}.")
    told = []
    for problem in problems[:_PROBLEMS_TOLD]:
        path = ".".join(str(part)[:_NAME_TOLD] for part in problem["loc"])
        told.append(": ".join(filter(None, (path, problem["msg"].removeprefix("Value error, ")))))
    if any(problem["type"] == "too_long" for problem in problems):
        return TooLarge("; ".join(told) + ".")
    return Invalid("; ".join(told) + ".")
