"""Content codings (RFC 9110, 12.5.3): which ones a client takes, and gzip for those who take it."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware, IdentityResponder
from starlette.types import Receive, Scope, Send


def takes(coding: str, accept_encoding: str) -> bool:
    """Whether a client's Accept-Encoding names the coding, and not with weight 0 (which means "not this")."""
    for part in accept_encoding.lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() == coding:
            return weight.replace(" ", "").rstrip("0.") != "q="
    return False


class Gzip(GZipMiddleware):
    """Starlette's middleware, which takes "gzip;q=0" for a wish."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        takes_it = scope["type"] != "http" or takes("gzip", Headers(scope=scope).get("accept-encoding", ""))
        await (super().__call__ if takes_it else IdentityResponder(self.app, self.minimum_size))(scope, receive, send)
