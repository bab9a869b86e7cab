"""Health, readiness, metrics and versions: what operators and Kubernetes ask."""

import platform
from importlib.metadata import version
from typing import Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from server import errors
from server.routes import examples, openapi
from server.session import versions

router = APIRouter(tags=["operations"])
_ANY = (errors.MethodNotAllowed, errors.Internal)


class Status(BaseModel):
    """That all is well."""

    status: Literal["ok", "ready"]


class Versions(BaseModel):
    """Versions of the parts, and the execution providers of ONNX Runtime."""

    rtscore: str
    python: str
    onnxruntime: str
    providers: list[str]


@router.get(
    "/healthz",
    responses=openapi.answer("The process can answer", {"ok": {"status": "ok"}}, Status)
    | openapi.problems(*_ANY),
)
async def healthz() -> Response:
    """200 while the process can answer."""
    return openapi.json_response({"status": "ok"})


@router.get(
    "/readyz",
    responses=openapi.answer("Ready for calls", {"ready": {"status": "ready"}}, Status)
    | openapi.problems(*_ANY, errors.ShuttingDown),
)
async def readyz(request: Request) -> Response:
    """200 while every model is loaded, warmed up and served; 503 once shutdown began."""
    if request.state.lifecycle.draining:
        raise errors.ShuttingDown(errors.ShuttingDown.example)
    for model in request.state.models.values():
        if not model.queue.alive:
            raise errors.ShuttingDown(f"The model '{model.name}' is not served any more.")
    return openapi.json_response({"status": "ready"})


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    responses=openapi.answer(
        "Prometheus text", {"metrics": examples.METRICS}, media_type="text/plain"
    )
    | openapi.problems(errors.NotFound, *_ANY),
)
async def metrics(request: Request) -> Response:
    """Every metric, for Prometheus; 404 where METRICS_PORT gives them a port of their own."""
    if request.state.settings.metrics_port is not None:
        raise errors.NotFound("The metrics have a port of their own here.")
    request.state.lifecycle.access_log.flush()
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@router.get(
    "/version",
    responses=openapi.answer("Versions", {"versions": examples.VERSION}, Versions)
    | openapi.problems(*_ANY, errors.ShuttingDown),
)
async def versions_of_parts() -> Response:
    """Versions of rtscore, Python and ONNX Runtime, and the execution providers it has."""
    return openapi.json_response(
        {"rtscore": version("rtscore"), "python": platform.python_version(), **versions()}
    )
