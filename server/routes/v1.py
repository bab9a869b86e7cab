"""The scoring routes, one straight path for both, and what is known of the models."""

from types import ModuleType
from typing import Any

from fastapi import APIRouter, Request, Response

from server import errors
from server.auth import KeyFolder
from server.codec import classify as classify_codec
from server.codec import faq as faq_codec
from server.model import Model, ModelInfo, ModelList
from server.routes import examples, openapi

_KEYED = (errors.Unauthorized, errors.Forbidden, errors.NotFound)
_ANY = (errors.MethodNotAllowed, errors.Internal, errors.ShuttingDown)
_SCORING = (
    errors.BadRequest,
    *_KEYED,
    errors.RequestTimeout,
    errors.TooLarge,
    errors.UnsupportedMediaType,
    errors.Invalid,
    *_ANY,
    errors.Overloaded,
    errors.DeadlineExceeded,
)


router = APIRouter(prefix="/v1")


@router.post(
    "/faq",
    tags=["scoring"],
    responses=openapi.answer(
        "The best entries of each question, by falling probability",
        examples.FAQ_ANSWERS,
        faq_codec.FaqAnswer | faq_codec.FaqAnswers,
        headers=("Server-Timing",),
    )
    | openapi.problems(*_SCORING),
    openapi_extra=openapi.KEYED
    | {
        "parameters": [examples.TIMEOUT],
        "requestBody": openapi.body(
            "One question, or several",
            examples.faq_bodies(openapi.schema(faq_codec.FaqRequest)),
        ),
    },
)
async def faq(request: Request) -> Response:
    """Find the FAQ entries that a question duplicates, each with a calibrated probability."""
    return await _score(request, "faq", faq_codec)


@router.post(
    "/classify",
    tags=["scoring"],
    responses=openapi.answer(
        "The most probable classes, by falling probability",
        examples.CLASSIFY_ANSWERS,
        classify_codec.ClassifyAnswer,
        headers=("Server-Timing",),
    )
    | openapi.problems(*_SCORING),
    openapi_extra=openapi.KEYED
    | {
        "parameters": [examples.TOP_K, examples.TIMEOUT],
        "requestBody": openapi.body(
            "The encoded picture: JPEG, PNG, WebP, BMP, GIF or TIFF",
            examples.classify_bodies(openapi.schema(classify_codec.ClassifyRequest)),
        ),
    },
)
async def classify(request: Request) -> Response:
    """Say what is on a picture: classes with probabilities."""
    return await _score(request, "image", classify_codec)


@router.get(
    "/models",
    tags=["models"],
    responses=openapi.answer("Every model", {"models": {"models": [examples.MODEL]}}, ModelList)
    | openapi.problems(errors.Unauthorized, *_ANY),
    openapi_extra=openapi.KEYED,
)
async def models(request: Request) -> Response:
    """What is known of every model: version, device, precision, inputs, accuracy."""
    _authorize(request, None)
    return openapi.json_response(
        {"models": [model.info() for model in request.state.models.values()]}
    )


@router.get(
    "/models/{name}",
    tags=["models"],
    responses=openapi.answer("One model", {"model": examples.MODEL}, ModelInfo)
    | openapi.problems(*_KEYED, *_ANY),
    openapi_extra=openapi.KEYED
    | {
        "parameters": [
            {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
        ]
    },
)
async def one_model(request: Request) -> Response:
    """What is known of one model, `faq` or `image`."""
    name = request.path_params["name"]
    _authorize(request, name)
    return openapi.json_response(_model(request, name).info())


async def _score(request: Request, name: str, codec: ModuleType) -> Response:
    _authorize(request, name)
    model = _model(request, name)
    call = await codec.decode(request, model.contract)
    rows = await model.score(call.rows, request.state.stages)
    return Response(
        codec.encode(call, rows, model.contract, model.about, request.state.stages),
        media_type="application/json",
    )


def _authorize(request: Request, model: str | None) -> None:
    """Let callers pass whose key may use `model` (None: any)."""
    keys: KeyFolder | None = request.state.keys
    if keys is not None:
        keys.authorize(request.headers, model)


def _model(request: Request, name: str) -> Model[Any]:
    model: Model[Any] | None = request.state.models.get(name)
    if model is None:
        raise errors.NotFound(
            f"There is no model '{name[:40]}' here; GET /v1/models lists those that are loaded."
        )
    return model
