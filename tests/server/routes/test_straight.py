"""Routes that call their endpoint with the request alone."""

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request, Response
from starlette.responses import PlainTextResponse

from server.routes.straight import StraightRoute

router = APIRouter(prefix="/v1", route_class=StraightRoute)


@router.post("/things/{name}", summary="A thing")
async def thing(request: Request) -> Response:
    return PlainTextResponse(request.path_params["name"] + (await request.body()).decode())


@pytest.fixture
def app() -> FastAPI:
    return FastAPI(routes=router.routes)


async def answer(app: FastAPI, method: str, path: str) -> httpx.Response:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.request(method, path, content=b"!")


async def test_the_endpoint_gets_the_request(app: FastAPI) -> None:
    found = await answer(app, "POST", "/v1/things/lamp")
    assert (found.status_code, found.text) == (200, "lamp!")


async def test_another_method_is_told_which_is_taken(app: FastAPI) -> None:
    found = await answer(app, "PUT", "/v1/things/lamp")
    assert (found.status_code, found.headers["Allow"]) == (405, "POST")


def test_it_is_documented_as_any_route(app: FastAPI) -> None:
    assert app.openapi()["paths"]["/v1/things/{name}"]["post"]["summary"] == "A thing"
