"""The one place where the parts meet: lifespan, routes, the layer around them."""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from importlib.metadata import version
from typing import Any, TypeVar

from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute
from fastapi_offline import FastAPIOffline
from prometheus_client import start_http_server
from starlette.exceptions import HTTPException

from server import errors, memory, metrics
from server.auth import KeyFolder
from server.cpus import cpu_limit
from server.exchange import SCORED
from server.lifecycle import Lifecycle
from server.loading import load_faq, load_image
from server.middleware import RequestLayer
from server.model import Model
from server.pool import Pool
from server.routes import openapi, ops, v1
from server.routes.fast_path import FastPath, endpoint_alone
from server.runners import Runners
from server.session import has_cuda
from server.settings import Settings

MODELS = ("faq", "image")
T = TypeVar("T")


def create_app(settings: Settings, lifecycle: Lifecycle | None = None) -> FastAPI:
    """The app for `settings`; models and keys are loaded when it starts.

    Starting raises StartupError where a model, a key or the device is not as the settings say.
    """
    lifecycle = lifecycle or Lifecycle()

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        async with contextlib.AsyncExitStack() as stack:
            try:
                state = await _start(settings, lifecycle, stack)
            except errors.StartupError as error:
                lifecycle.failure = error
                raise
            gc.freeze()  # what is loaded stays: the collector need not look through it again
            yield state

    app = FastAPIOffline(
        title="rtscore",
        version=version("rtscore"),
        summary="Real-time scoring: FAQ matching and image classification.",
        redoc_url=None,
        redirect_slashes=False,
        # What is measured here is for Prometheus; looking for other takers would take time.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        lifespan=lifespan,
        # Not included as routers, which would be searched on every request, twice.
        routes=[*v1.router.routes, *ops.router.routes],
    )
    app.openapi = lambda: openapi.document(app)  # type: ignore[method-assign]
    app.add_exception_handler(HTTPException, _unrouted)
    metrics.IN_FLIGHT.set_function(lambda: lifecycle.in_flight)
    app.add_middleware(RequestLayer, settings=settings, lifecycle=lifecycle)
    fast = {
        ("POST", route.path): RequestLayer(endpoint_alone(route.endpoint), settings, lifecycle)
        for route in v1.router.routes
        if isinstance(route, APIRoute) and route.path in SCORED
    }
    app.middleware_stack = FastPath(fast, app.build_middleware_stack())
    metrics.start_at_zero([*openapi.statuses(app), (metrics.OTHER, (200, 404, 405, 503))], MODELS)
    return app


async def _start(
    settings: Settings, lifecycle: Lifecycle, stack: contextlib.AsyncExitStack
) -> dict[str, Any]:
    """Load what the routes need, have `stack` end it, and return it as the requests' state."""
    if settings.faq_model is None and settings.image_model is None:
        raise errors.StartupError(
            "RTSCORE_FAQ_MODEL and RTSCORE_IMAGE_MODEL are both empty; name one model at least"
        )
    keys = None
    if settings.api_keys_dir is not None:
        keys = KeyFolder(settings.api_keys_dir, MODELS)
        watch = asyncio.create_task(keys.watch())
        stack.callback(watch.cancel)
    memory.return_large_blocks()
    threads = settings.threads or cpu_limit()
    decoders = Pool(threads, settings.queue_limit, "rtscore-decode")
    stack.callback(decoders.close)
    models = await _load(settings, decoders, stack)
    if settings.metrics_port is not None:
        _serve_metrics(settings.metrics_port, settings.host, stack)
    return {
        "settings": settings,
        "lifecycle": lifecycle,
        "keys": keys,
        "decoders": decoders,
        "models": models,
    }


def _serve_metrics(port: int, host: str, stack: contextlib.AsyncExitStack) -> None:
    try:
        server, thread = start_http_server(port, host)
    except OSError as error:
        raise errors.StartupError(
            f"RTSCORE_METRICS_PORT={port}: can't listen there: {error.strerror}"
        ) from error
    stack.callback(thread.join)
    stack.callback(server.server_close)
    stack.callback(server.shutdown)


async def _load(
    settings: Settings, decoders: Pool, stack: contextlib.AsyncExitStack
) -> dict[str, Model[Any]]:
    """Load the models and begin to serve them."""
    threads = decoders.threads
    side_by_side = settings.cpu_mode == "throughput"
    runners = Runners(threads if side_by_side else 1)
    stack.callback(runners.close)
    threads_a_run = 1 if side_by_side else threads
    loading: list[Callable[[], Model[Any]]] = []
    if settings.faq_model is not None:
        loading.append(partial(load_faq, settings.faq_model, settings, runners, threads_a_run))
    if settings.image_model is not None:
        loading.append(
            partial(load_image, settings.image_model, settings, runners, decoders, threads_a_run)
        )
    models: dict[str, Model[Any]] = {}
    for model in await _loaded(loading, side_by_side=settings.device == "cpu" or not has_cuda()):
        stack.callback(model.close)
        model.queue.start()
        stack.push_async_callback(model.queue.stop)
        model.expose()
        models[model.name] = model
    return models


async def _loaded(loading: Sequence[Callable[[], T]], *, side_by_side: bool) -> list[T]:
    """What `loading` loads; one after the other where a GPU is there.

    While one model captures a CUDA graph, no other thread may ask for GPU memory.
    """
    if side_by_side:
        return await asyncio.gather(*(asyncio.to_thread(load) for load in loading))
    return [await asyncio.to_thread(load) for load in loading]


async def _unrouted(request: Request, error: Exception) -> Response:
    """Turn the router's own 404 and 405 into ours, for the layer around the routes to answer."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        allow = (error.headers or {}).get("Allow", "")
        raise errors.MethodNotAllowed(f"This path answers to: {allow}.", allow)
    raise errors.NotFound(errors.NotFound.example)
