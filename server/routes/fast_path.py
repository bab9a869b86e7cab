"""One step from the app to the endpoints whose speed counts."""

from collections.abc import Awaitable, Callable, Mapping

from fastapi import Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send


class FastPath:
    """An app's layers and routes, and `fast` ones past them, by method and path.

    A route with such a path is declared and documented as any other. Only that searching for it,
    injecting into it and the layers before it took a third of the event loop's time for a request,
    and nothing of that is needed there.
    """

    def __init__(self, fast: Mapping[tuple[str, str], ASGIApp], otherwise: ASGIApp) -> None:
        self._fast = fast
        self._otherwise = otherwise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer on the fast path, where there is one."""
        app = self._fast.get((scope.get("method", ""), scope.get("path", "")), self._otherwise)
        await app(scope, receive, send)


def endpoint_alone(endpoint: Callable[[Request], Awaitable[Response]]) -> ASGIApp:
    """`endpoint` as an app of its own, which calls it with the request alone."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        response = await endpoint(Request(scope, receive, send))
        await response(scope, receive, send)

    return app
