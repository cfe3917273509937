"""What every answer says to the browser, and which writes are refused because another site asks for them."""

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
"""Hashes of what Plotly 4.1 puts into style elements and attributes. Another version may need others: the browser then
complains in the console, and the tests of the page fail."""

POLICY = "; ".join((
    "default-src 'none'", "script-src 'self' 'unsafe-eval'", f"style-src 'self' 'unsafe-hashes' {' '.join(PLOTLY_STYLES)}",
    "img-src 'self' data: blob:", "font-src 'self'",
    "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors {ancestors}"))
"""No script from elsewhere and none written into a page runs. `eval` is allowed: browser drivers wait for expressions with it, and
the page itself never calls it (a test looks), so there is no text from outside that it could be given."""

ANYBODY = "* file:"
"""Who may show the view without controls in a frame: every site, and a page that lies on somebody's own disk (`*` is every host)."""


class Security:
    """Middleware: a content security policy without unsafe-inline on every answer, and no write that another site asks for.

    A browser says where a write comes from (Origin); a client that is no browser says nothing, and is let through.
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
    """The origin that a request comes from, where it is another than the host that it goes to."""
    origin = headers.get("origin")
    return origin if origin is not None and urlsplit(origin).netloc != headers.get("host") else None


def _is_embedded(scope: Scope) -> bool:
    """Whether the address asks for the view without controls, which other sites may put into a frame."""
    return b"embed=1" in scope["query_string"].split(b"&")
