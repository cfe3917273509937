"""Middleware that adds security headers to every answer, and refuses writes that a page of another site asks for."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from models.words import say
from server import errors

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})

PLOTLY_STYLES = (
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",  # an empty <style>, whose rules it inserts one by one
    "'sha256-AR/cKIZjWPcPmBUPDA6oti9XBiTbJvz0Cro2J1VzzS8='",  # a heat map in whole pixels: image-rendering: optimizeSpeed; ...
    "'sha256-S+l+cz1wXqs2B0FcjqqT7NvjwGmhD1UjJswXjlSkj0s='",  # a power on an axis: font-size:70%
)
"""Hashes of what Plotly.js 4.1 puts into style elements and attributes. Another version may need others: the browser then
complains in the console, and the tests of the page fail."""

POLICY = "; ".join((
    "default-src 'none'", "script-src 'self' 'unsafe-eval'", f"style-src 'self' 'unsafe-hashes' {' '.join(PLOTLY_STYLES)}",
    "img-src 'self' data: blob:", "font-src 'self'",
    "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors {ancestors}"))
"""The Content-Security-Policy: only scripts in files of this server run. `eval` is allowed, as browser drivers use it to wait for
expressions. The page itself never calls it (a test checks that), so no text from outside can get into it."""

ANYBODY = "* file:"
"""Who may show the view without controls in a frame: pages of every site (`*`), and pages that are files on somebody's own disk."""


class Security:
    """Middleware: adds the headers to every answer, and answers 403 to a write that a page of another site asks for.

    A browser says in `Origin` which site's page asks. Clients that are no browsers send no Origin and are let through.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif scope["method"] in WRITES and (origin := foreign_origin(Headers(scope=scope))):
            detail = say("A page of {origin} asks for this; only this server's own pages and programs may write.", origin=origin)
            await errors.answer(403, detail)(scope, receive, send)
        else:
            await self.app(scope, receive, self._with_headers(scope, send))

    def _with_headers(self, scope: Scope, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "same-origin"
                headers.setdefault("Content-Security-Policy", POLICY.format(ancestors=ANYBODY if _is_embedded(scope) else "'none'"))
            await send(message)

        return sending


def foreign_origin(headers: Headers) -> str | None:
    """The origin of the page that makes the request, where it is another than this server; else None."""
    origin = headers.get("origin")
    return origin if origin is not None and urlsplit(origin).netloc != headers.get("host") else None


def _is_embedded(scope: Scope) -> bool:
    """Whether the view without controls is asked for, which other sites may show in a frame."""
    return b"embed=1" in scope["query_string"].split(b"&")
