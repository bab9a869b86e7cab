"""One step from the app to the endpoints whose speed counts."""

from collections.abc import Awaitable, Callable, Mapping

from fastapi import Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send


class StraightWay:
    """An app's layers and routes, and `ways` past them, by method and path.

    A route with such a way is declared and documented as any other. Only that searching for it,
    injecting into it and the layers before it took a third of the event loop's time for a request,
    and nothing of that is needed there.
    """

    def __init__(self, ways: Mapping[tuple[str, str], ASGIApp], otherwise: ASGIApp) -> None:
        self._ways = ways
        self._otherwise = otherwise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer by the straight way, where there is one."""
        way = self._ways.get((scope.get("method", ""), scope.get("path", "")), self._otherwise)
        await way(scope, receive, send)


def called_straight(endpoint: Callable[[Request], Awaitable[Response]]) -> ASGIApp:
    """`endpoint` as an app of its own, which calls it with the request alone."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        response = await endpoint(Request(scope, receive, send))
        await response(scope, receive, send)

    return app
