"""POST /v1/classify: an encoded picture out of one of three wrappings, and the answer."""

import base64
import binascii
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import orjson
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from server.codec.body import (
    NO_QUERY,
    About,
    QueryString,
    arriving,
    chunks,
    content_type,
    parse_json,
    read_body,
)
from server.contract import ImageContract
from server.errors import BadRequest, Invalid, UnsupportedMediaType
from server.pool import Pool
from server.ranking import Ranked
from server.stages import Stages


class Query(BaseModel):
    """The query string."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    top_k: int = Field(5, ge=1, le=1000, description="Classes, at the most")


class ClassifyRequest(BaseModel):
    """The JSON wrapping: the picture as base64 or as a data: URL."""

    model_config = ConfigDict(strict=True, extra="forbid")

    image: str = Field(min_length=1, description="Base64, or a data: URL")
    top_k: int = Field(5, ge=1, le=1000, description="Classes, at the most")


class Prediction(BaseModel):
    """One class, its WordNet id and its probability."""

    index: int = Field(ge=0)
    id: str
    label: str
    probability: float = Field(ge=0, le=1)


class ClassifyAnswer(BaseModel):
    """The answer to one picture."""

    model: About
    predictions: list[Prediction]


_QUERY = QueryString(Query)
_REQUEST = TypeAdapter(ClassifyRequest)


class _FormParser(MultiPartParser):
    """Notices a form that was cut, and keeps the picture off the disk, which may be read-only."""

    spool_max_size = sys.maxsize  # the body's limit bounds it
    ended = False

    def on_end(self) -> None:
        """The last boundary is there."""
        self.ended = True


@dataclass(frozen=True, slots=True)
class ClassifyCall:
    """A call as rows for the model, encoded pictures, and the number of classes wanted."""

    rows: Sequence[bytes]
    top_k: int


async def decode(request: Request, contract: ImageContract) -> ClassifyCall:
    """The call in the body and the query.

    Raises UnsupportedMediaType, TooLarge, RequestTimeout, BadRequest, Invalid or Overloaded.
    """
    media_type = content_type(request)
    if media_type == "application/json":
        NO_QUERY.parse(request)
        body = await read_body(request)
        decoders: Pool = request.state.decoders
        with request.state.stages.timed("decode"):
            return await decoders.run(_decode_json, body)
    query = _QUERY.parse(request)
    return ClassifyCall([await _content(request, media_type)], query.top_k)


def encode(
    call: ClassifyCall,
    rows: Sequence[Ranked],
    contract: ImageContract,
    about: dict[str, str],
    stages: Stages,
) -> bytes:
    """The JSON answer: the `top_k` most probable classes, ties in class order.

    `rows` is one; `about` names model and version.
    """
    with stages.timed("encode"):
        predictions = [
            {
                "index": index,
                "id": contract.labels[index].id,
                "label": contract.labels[index].label,
                "probability": probability,
            }
            for index, probability in rows[0].best(call.top_k)
        ]
        return orjson.dumps({"model": about, "predictions": predictions})


async def _content(request: Request, media_type: str) -> bytes:
    if media_type == "multipart/form-data":
        return await _multipart_field(request, "image")
    if media_type in ("", "application/octet-stream") or media_type.startswith("image/"):
        return await read_body(request)
    raise UnsupportedMediaType(
        "Send the picture as the raw body with 'Content-Type: image/jpeg' (or another image "
        "type), as multipart/form-data with the field 'image', or as application/json."
    )


async def _multipart_field(request: Request, name: str) -> bytes:
    try:
        async with arriving(request):
            parser = _FormParser(request.headers, chunks(request), max_files=1, max_fields=1)
            form = await parser.parse()
    except MultiPartException as error:
        raise BadRequest(f"The multipart body can't be parsed: {error.message}") from error
    fields = form.multi_items()
    try:
        if not parser.ended:
            raise BadRequest("The multipart body is cut short: its last boundary is missing.")
        if [field for field, _ in fields] != [name]:
            raise Invalid(f"{name}: send exactly one field, with this name, in the form.")
        upload = fields[0][1]
        if not isinstance(upload, UploadFile):
            raise Invalid(f"{name}: send it as a file, with a filename, not as text.")
        return await upload.read()
    finally:
        await form.close()


def _decode_json(body: bytes) -> ClassifyCall:
    asked = parse_json(body, _REQUEST)
    return ClassifyCall([_from_base64(asked.image)], asked.top_k)


def _from_base64(text: str) -> bytes:
    if text.startswith("data:"):
        head, comma, text = text.partition(",")
        if not comma or not head.endswith(";base64"):
            raise BadRequest("image: a data: URL has to look like 'data:image/png;base64,...'.")
    try:
        # White space is let through: the base64 command breaks its lines.
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadRequest("image: this is neither base64 nor a data: URL.") from error
