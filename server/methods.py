"""HTTP's methods (RFC 9110): which ones an address takes, and HEAD, which every address takes that takes GET."""

from __future__ import annotations

from anyio import CancelScope
from starlette.routing import Match, Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def allowed(scope: Scope) -> list[str]:
    """The methods that the application's routes take at the request's path; none where no route leads there. (FastAPI knows only those of
    the first route with this path. Mounted applications, as that of the static files, are left out: they take what they take.)"""
    routes = [route for route in scope["app"].routes if not isinstance(route, Mount)]
    found = [method for method in METHODS if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in routes)]
    return ["GET", "HEAD", *found[1:]] if "GET" in found else found


class Head:
    """Middleware: answers HEAD with the head of what GET is answered with. The answer's body, which may be a stream without end, is not
    computed beyond its beginning."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return
        with CancelScope() as answering:
            async def head_alone(message: Message) -> None:
                if message["type"] == "http.response.start":
                    await send(message)
                    await send({"type": "http.response.body"})
                    answering.cancel()

            await self.app({**scope, "method": "GET"}, receive, head_alone)
