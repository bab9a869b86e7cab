"""One step to an endpoint, past its app's layers and routes."""

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from server.routes.fast_path import FastPath, endpoint_alone

app = FastAPI()


@app.post("/things/{name}")
async def declared(name: str) -> Response:
    return PlainTextResponse(f"declared {name}")


async def fast(request: Request) -> Response:
    return PlainTextResponse("fast " + (await request.body()).decode())


@pytest.fixture
def both() -> ASGIApp:
    """The app, with a fast path to one thing."""
    return FastPath({("POST", "/things/lamp"): endpoint_alone(fast)}, app)


async def answer(app: ASGIApp, method: str, path: str) -> httpx.Response:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.request(method, path, content=b"body")


async def test_the_endpoint_gets_the_request(both: ASGIApp) -> None:
    found = await answer(both, "POST", "/things/lamp")
    assert (found.status_code, found.text) == (200, "fast body")
    assert (await answer(both, "POST", "/things/lamp?a=b")).text == "fast body"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/things/sofa", 200),
        ("POST", "/things/lamp/", 307),
        ("POST", "/things/LAMP", 200),
        ("PUT", "/things/lamp", 405),
        ("GET", "/openapi.json", 200),
    ],
)
async def test_all_else_goes_through_the_app(
    both: ASGIApp, method: str, path: str, status: int
) -> None:
    found = await answer(both, method, path)
    assert found.status_code == status
    assert not found.text.startswith("fast")


async def test_what_is_no_request_goes_through_the_app() -> None:
    seen = []

    async def otherwise(scope: object, receive: object, send: object) -> None:
        seen.append(scope)

    app = FastPath({}, otherwise)
    await app({"type": "lifespan"}, None, None)  # type: ignore[arg-type]
    assert seen == [{"type": "lifespan"}]
