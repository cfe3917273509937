"""The pages, and Plotly's script, which is compressed once."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable
from functools import cache, partial
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException

from server import errors
from server.access import Gate
from server.codings import takes
from server.deps import GateDep, StoreDep
from server.frontend import PLOTLY, page

PLOTLY_CACHE_S = 7 * 24 * 3600

router = APIRouter(include_in_schema=False)


def _pages(request: Request, gate: GateDep) -> Callable[..., HTMLResponse]:
    """(name of a page, status) -> the answer with that page."""
    return partial(_page, request, gate)


def _page(request: Request, gate: Gate, name: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(page(name, gate.may_sign_out(request.headers)), status_code=status, headers={"Cache-Control": "no-cache"})


async def missing(request: Request, error: HTTPException) -> Response:
    """Where there is nothing: to a browser a page that says so and leads on, to programs the problem."""
    wants_page = "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")
    return _page(request, request.app.state.gate, "missing", 404) if wants_page else errors.answer_to(error)


PagesDep = Annotated[Callable[..., HTMLResponse], Depends(_pages)]


@router.get("/")
def dashboard(html: PagesDep) -> HTMLResponse:
    """The dashboard; the address bar's fragment is the configuration."""
    return html("index")


@router.get("/phase")
def phase_diagram(html: PagesDep) -> HTMLResponse:
    """The phase diagram; the address bar's fragment is its state."""
    return html("phase")


@router.get("/compare")
def comparison(html: PagesDep) -> HTMLResponse:
    """Runs beside each other: `?runs=ID,ID`; the address bar's fragment is the view."""
    return html("compare")


@router.get("/runs")
def past_runs(html: PagesDep) -> HTMLResponse:
    """The list of runs."""
    return html("runs")


@router.get("/docs")
def api_reference(html: PagesDep) -> HTMLResponse:
    """The API: every call, drawn from /openapi.json."""
    return html("api")


@router.get("/runs/{run_id}")
def run_page(run_id: str, request: Request, store: StoreDep, gate: GateDep, html: PagesDep) -> HTMLResponse:
    """The dashboard showing a run; the same page with status 404 where there is none, or 401 where that is not to be known,
    which then says so."""
    if not gate.may_read(request.headers):
        return html("index", 401)
    record = store.get(run_id)
    return html("index", 200 if record is not None and record.kind == "run" else 404)


@router.get("/static/vendor/plotly.min.js")
def plotly(accept_encoding: Annotated[str, Header()] = "", if_none_match: Annotated[str, Header()] = "") -> Response:
    """Plotly.js: its bundle of what is drawn on two axes."""
    coding = "gzip" if takes("gzip", accept_encoding) else "identity"
    script, tag = _plotly()[coding]
    headers = {"Cache-Control": f"public, max-age={PLOTLY_CACHE_S}", "ETag": tag, "Vary": "Accept-Encoding"}
    if _names(if_none_match, tag):
        return Response(status_code=304, headers=headers)
    return Response(script, media_type="text/javascript", headers=headers | ({"Content-Encoding": coding} if coding == "gzip" else {}))


def _names(if_none_match: str, tag: str) -> bool:
    """Whether the header names this entity tag, compared weakly, or any (RFC 9110, 13.1.2)."""
    return if_none_match.strip() == "*" or tag in [known.strip().removeprefix("W/") for known in if_none_match.split(",")]


@cache
def _plotly() -> dict[str, tuple[bytes, str]]:
    """By content coding: the script, and its entity tag."""
    plain = PLOTLY.read_bytes()
    name = hashlib.sha256(plain).hexdigest()[:16]
    return {"identity": (plain, f'"{name}"'), "gzip": (gzip.compress(plain, 9), f'"{name}-gzip"')}
