"""The page: static files, Plotly from its Python package, compressed once and cached."""

from __future__ import annotations

import gzip
import hashlib
from functools import cache
from importlib.resources import files
from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.responses import HTMLResponse, Response

from server.deps import GateDep, StoreDep
from server.frontend import page

PLOTLY_CACHE_S = 7 * 24 * 3600

router = APIRouter(include_in_schema=False)


@router.get("/")
def dashboard() -> HTMLResponse:
    """The dashboard; the address bar's fragment is the configuration."""
    return _html("index")


@router.get("/phase")
def phase_diagram() -> HTMLResponse:
    """The phase diagram; the address bar's fragment is its state."""
    return _html("phase")


@router.get("/compare")
def comparison() -> HTMLResponse:
    """Runs beside each other: `?runs=ID,ID`; the address bar's fragment is the view."""
    return _html("compare")


@router.get("/runs")
def past_runs() -> HTMLResponse:
    """The list of runs."""
    return _html("runs")


@router.get("/runs/{run_id}")
def run_page(run_id: str, request: Request, store: StoreDep, gate: GateDep) -> HTMLResponse:
    """The dashboard showing a run; the same page with status 404 where there is none, or 401 where that is not to be known,
    which then says so."""
    if not gate.may_read(request.headers):
        return _html("index", 401)
    return _html("index", 200 if store.get(run_id) is not None else 404)


def _html(name: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(page(name), status_code=status, headers={"Cache-Control": "no-cache"})


@router.get("/static/vendor/plotly.min.js")
def plotly(accept_encoding: Annotated[str, Header()] = "", if_none_match: Annotated[str, Header()] = "") -> Response:
    """Plotly.js, as the installed `plotly` package brings it."""
    plain, packed, tag = _plotly()
    headers = {"Cache-Control": f"public, max-age={PLOTLY_CACHE_S}", "ETag": tag, "Vary": "Accept-Encoding"}
    if if_none_match == tag:
        return Response(status_code=304, headers=headers)
    if "gzip" in accept_encoding:
        return Response(packed, media_type="text/javascript", headers={**headers, "Content-Encoding": "gzip"})
    return Response(plain, media_type="text/javascript", headers=headers)


@cache
def _plotly() -> tuple[bytes, bytes, str]:
    """The script, the script compressed, and its entity tag."""
    plain = (files("plotly") / "package_data" / "plotly.min.js").read_bytes()
    return plain, gzip.compress(plain, 9), f'"{hashlib.sha256(plain).hexdigest()[:16]}"'
