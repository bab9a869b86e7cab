"""What the OpenAPI document says of answers: examples, headers and errors, from their classes."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from fastapi import FastAPI, Response
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from server.errors import PROBLEM_JSON, ApiError

Responses = dict[int | str, dict[str, Any]]

_EXAMPLE_ID = "0f8fad5bd9cb469fa16570867728950e"
_DESCRIPTIONS = {
    "X-Request-ID": "The request's own id, or one made for it",
    "Server-Timing": "Milliseconds of decode, queue, infer, encode and in total",
    "Retry-After": "Seconds until another try makes sense",
    "WWW-Authenticate": "The scheme that a key may come in",
    "Allow": "The methods that this path answers to",
}
PROBLEM_SCHEMA = {
    "type": "object",
    "title": "Problem",
    "description": "An error, by RFC 9457; `detail` says what to change.",
    "required": ["type", "title", "status", "code", "detail", "request_id"],
    "additionalProperties": False,
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
    },
}
SECURITY_SCHEMES = {
    "ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "Bearer": {"type": "http", "scheme": "bearer"},
}
# The empty one: a server without API_KEYS_DIR needs no key.
KEYED: dict[str, Any] = {"security": [{"ApiKey": []}, {"Bearer": []}, {}]}


def json_response(content: Any) -> Response:
    """`content` as the JSON of a 200."""
    return Response(orjson.dumps(content), media_type="application/json")


def answer(
    description: str,
    examples: Mapping[str, Any],
    model: Any = None,
    headers: tuple[str, ...] = (),
    media_type: str = "application/json",
) -> Responses:
    """The 200 of a route: `examples` by name, the Pydantic type of its body, its headers."""
    content: dict[str, Any] = {
        "examples": {name: {"value": value} for name, value in examples.items()}
    }
    response: dict[str, Any] = {
        "description": description,
        "headers": _headers("X-Request-ID", *headers),
        "content": {media_type: content},
    }
    return {200: response if model is None else {**response, "model": model}}


def problems(*errors: type[ApiError]) -> Responses:
    """The errors of a route, those of one status together."""
    responses: Responses = {}
    for error in errors:
        response = responses.setdefault(
            error.status,
            {
                "description": error.title,
                "headers": _headers("X-Request-ID", *error.headers),
                "content": {
                    PROBLEM_JSON: {
                        "schema": {"$ref": "#/components/schemas/Problem"},
                        "examples": {},
                    }
                },
            },
        )
        if error.title not in response["description"]:
            response["description"] += f"; or: {error.title}"
        example = {"value": error.problem_of(error.example, _EXAMPLE_ID)}
        response["content"][PROBLEM_JSON]["examples"][error.code] = example
    return responses


def body(description: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """The request body of a route, by media type."""
    return {"description": description, "required": True, "content": content}


def schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of a request body; it must not need definitions of its own."""
    return model.model_json_schema()


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of `app`, made once."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            description=app.description,
            routes=app.routes,
        )
        components = made.setdefault("components", {})
        components.setdefault("schemas", {})["Problem"] = PROBLEM_SCHEMA
        components["securitySchemes"] = SECURITY_SCHEMES
        app.openapi_schema = made
    return app.openapi_schema


def statuses(app: FastAPI) -> Iterator[tuple[str, list[int]]]:
    """Each documented path with the statuses that it answers."""
    for path, operations in document(app)["paths"].items():
        found = {int(code) for one in operations.values() for code in one["responses"]}
        yield path, sorted(found)


def _headers(*names: str) -> dict[str, Any]:
    return {
        name: {
            "description": _DESCRIPTIONS[name],
            "required": True,
            "schema": {"type": "string"},
        }
        for name in names
        if name != "Connection"
    }
