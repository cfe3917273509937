"""Who may do what. A server that only its own machine reaches, and that has no token set, lets everybody do everything. Any other asks for
the token for whatever changes or lists something, or takes a worker's time.

    always          pages, static files, health, signing in
    public_read     runs whose link one has, with their frames, streams and exports; the catalogue; theory, which takes milliseconds
    public_preview  previews: they take the preview worker's time
    the token       everything else, so a route that nobody has thought of is closed
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import logging
import os
import re
import secrets
from collections.abc import Iterator
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from models.words import say
from server import errors
from server.methods import allowed
from server.settings import Settings

log = logging.getLogger("sigprop")

TOKEN_FILE = "token"
"""In the data directory, readable by its owner only."""

COOKIE = "sigprop"
READS = ("GET", "HEAD")
PAGES = re.compile(r"/(phase|compare|docs|runs|runs/[^/]+)?")
ALWAYS = re.compile(rf"{PAGES.pattern}|/static/.*|/openapi\.json|/api/health(/.*)?|/api/session")
READ_BY_LINK = re.compile(r"/api/(catalog|events|runs/[^/]+(/(frames|events|export\.\w+))?|sweeps/[^/]+(/events)?)")
THEORY = re.compile(r"/api/(sweeps/)?theory")
PREVIEW = "/api/preview"

ASK = say("This needs the server's token: sign in on the page, or send `Authorization: Bearer TOKEN`. Whoever started the server has it.")


def token_of(settings: Settings) -> str | None:
    """The token that is asked for, None where none is needed.

    It is the one in the settings. Without one, a server on an address that other machines reach makes one at its first start, writes it to
    the log once, and keeps it in the data directory.
    """
    if settings.token or is_loopback(settings.host):
        return settings.token or None
    path = settings.data_dir / TOKEN_FILE
    if not path.exists():
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(32))
        log.warning("Other machines reach %s, so this server asks for a token, kept in %s. Sign in at http://HOST:%d/?token=%s",
                    settings.host, path, settings.port, path.read_text())
    return path.read_text().strip()


def is_loopback(host: str) -> bool:
    """Whether the name or address is one that only this machine reaches."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Gate:
    """Decides which requests may pass. Settings `public_read` and `public_preview` as in the table above; without a token all may pass."""

    def __init__(self, token: str | None, public_read: bool, public_preview: bool) -> None:
        self.token = token
        self.public_read = public_read
        self.public_preview = public_preview
        # Not the token itself, which may hold any character and may be a password that somebody uses elsewhere.
        self.cookie = hmac.new((token or "").encode(), b"sigprop cookie", hashlib.sha256).hexdigest()

    def knows(self, given: bytes) -> bool:
        """Whether this is the token, compared in a time that does not depend on how much of it is right: nobody can guess it bit by bit."""
        return self.token is None or hmac.compare_digest(given.strip(), self.token.encode())

    def signed_in(self, headers: Headers) -> bool:
        """Whether the request has the token, or the cookie that signing in with the token gives."""
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if self.token is None or (scheme.lower() == "bearer" and self.knows(given.encode("latin-1"))):
            return True
        return self._has_cookie(headers)

    def _has_cookie(self, headers: Headers) -> bool:
        return any(hmac.compare_digest(value.encode(), self.cookie.encode()) for value in _cookies(headers))

    def may_read(self, headers: Headers) -> bool:
        """Whether runs may be looked at."""
        return self.public_read or self.signed_in(headers)

    def permits(self, method: str, path: str, headers: Headers) -> bool:
        """Whether the request may pass."""
        if ALWAYS.fullmatch(path):
            return True
        reads = (method in READS and READ_BY_LINK.fullmatch(path)) or (method == "POST" and THEORY.fullmatch(path))
        previews = method == "POST" and path == PREVIEW
        return bool((self.public_read and (reads or (previews and self.public_preview))) or self.signed_in(headers))

    def sign_in(self, response: Response, scheme: str) -> None:
        """Gives the browser the cookie, until it is closed; no script reads it and no other site's page sends it."""
        response.set_cookie(COOKIE, self.cookie, httponly=True, samesite="strict", secure=scheme == "https")

    def sign_out(self, response: Response, scheme: str) -> None:
        """Takes the cookie back."""
        response.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=scheme == "https")

    def may_sign_out(self, headers: Headers) -> bool:
        """Whether the browser has a cookie to give back."""
        return self.token is not None and self._has_cookie(headers)


class Access:
    """Middleware: lets pass what the gate permits. A link with `?token=` signs in, and leads to the same place without it."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self.app = app
        self.gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer = self._answer(scope, Headers(scope=scope))
        await (answer or self.app)(scope, receive, send)

    def _answer(self, scope: Scope, headers: Headers) -> Response | None:
        """The answer to a request that does not reach the application; None where it may pass."""
        method, path = scope["method"], scope["path"]
        if self.gate.token is None and not _is_local_name(host := headers.get("host", "")):
            return errors.answer(403, say("{host} is not this machine's own name, and this server asks for no token because it listens "
                                          "on this machine only. Open it as localhost, or set SIGPROP_TOKEN.", host=host))
        if method in READS and PAGES.fullmatch(path) and (given := dict(_query(scope)).get("token")) is not None:
            return self._without_token(scope, given)
        if self.gate.permits(method, path, headers) or not allowed(scope):
            return None  # what leads nowhere is answered with 404
        wrong = ', error="invalid_token"' if "authorization" in headers else ""
        return errors.answer(401, ASK, headers={"WWW-Authenticate": f'Bearer realm="sigprop"{wrong}'})

    def _without_token(self, scope: Scope, given: str) -> Response:
        rest = urlencode([(name, value) for name, value in _query(scope) if name != "token"])
        answer = RedirectResponse(scope["path"] + (f"?{rest}" if rest else ""), status_code=303, headers={"Cache-Control": "no-store"})
        if self.gate.knows(given.encode()):
            self.gate.sign_in(answer, scope["scheme"])
        return answer


def _cookies(headers: Headers) -> Iterator[str]:
    """The values that a browser sends under our cookie's name."""
    for header in headers.getlist("cookie"):
        try:
            morsel = SimpleCookie(header).get(COOKIE)
        except CookieError:
            continue
        if morsel is not None:
            yield morsel.value


def _query(scope: Scope) -> list[tuple[str, str]]:
    return parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)


def _is_local_name(host: str) -> bool:
    """Whether the Host header is a name that only this machine has.

    Another name may be that of a foreign page whose DNS entry was changed to point here (DNS rebinding): the browser would take this
    server's answers for that page's own, and let its scripts read them.
    """
    try:
        return not host or is_loopback(urlsplit(f"//{host}").hostname or "")
    except ValueError:
        return False
