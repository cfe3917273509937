"""Downloads of a run."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from server import exports, report
from server.catalog import catalog
from server.deps import RunDep, SettingsDep, StoreDep
from server.errors import ProblemDetails

router = APIRouter(prefix="/api/runs/{run_id}", tags=["exports"], responses={404: {"model": ProblemDetails}})


@router.get("/export.json", response_class=StreamingResponse, responses={200: {"content": {"application/json": {}}}})
def as_json(run: RunDep, store: StoreDep) -> StreamingResponse:
    """The record and every frame."""
    return StreamingResponse(exports.as_json(store, run), media_type="application/json", headers=_attachment(run.id, "json"))


@router.get("/export.csv", response_class=StreamingResponse, responses={200: {"content": {"text/csv": {}}}})
def as_csv(run: RunDep, store: StoreDep) -> StreamingResponse:
    """The per-layer numbers as a tidy table: run, step, layer, quantity, statistic, value."""
    return StreamingResponse(exports.as_csv(store, run), media_type="text/csv; charset=utf-8", headers=_attachment(run.id, "csv"))


@router.get("/export.html", response_class=StreamingResponse, responses={200: {"content": {"text/html": {}}}})
def as_html(run: RunDep, store: StoreDep, settings: SettingsDep) -> StreamingResponse:
    """A report that opens with no server: the dashboard's page with this run inside."""
    return StreamingResponse(report.as_html(store, run, catalog(settings)), media_type="text/html; charset=utf-8",
                             headers=_attachment(run.id, "html"))


def _attachment(run_id: str, ending: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="sigprop-{run_id}.{ending}"'}
