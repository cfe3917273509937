"""What the routes depend on: parts of this application (settings, store, engine, ...), and the runs, views and places that a request names.

Dependencies that only look something up are `async`: for others FastAPI takes a thread, of which there are 40 for all requests together.
"""

from __future__ import annotations

from typing import Annotated, Any

from anyio import to_thread
from fastapi import Depends, Path, Query, Request

from models.frame import QUANTITIES
from models.words import say
from server.access import Gate
from server.downloads import Downloads
from server.encode import Form, View
from server.engine import Engine
from server.errors import NotFound, Problem, at_field, cut
from server.metrics import Metrics
from server.records import RunRecord
from server.settings import Settings
from server.store import Store
from server.stream import Streams


def _part(name: str) -> Any:
    """The dependency on the part of the application that has this name (server/app.py)."""
    async def part(request: Request) -> Any:
        return getattr(request.app.state, name)

    return Depends(part)


SettingsDep = Annotated[Settings, _part("settings")]
StoreDep = Annotated[Store, _part("store")]
GateDep = Annotated[Gate, _part("gate")]
EngineDep = Annotated[Engine, _part("engine")]
DownloadsDep = Annotated[Downloads, _part("downloads")]
MetricsDep = Annotated[Metrics, _part("metrics")]
StreamsDep = Annotated[Streams, _part("streams")]


class BadQuery(Problem):
    status = 422


async def _sweep(store: StoreDep, streams: StreamsDep,
                 sweep_id: Annotated[str, Path(description="the sweep's id")]) -> RunRecord:
    record = await to_thread.run_sync(store.get, sweep_id, limiter=streams.threads)
    if record is None or record.kind != "sweep":
        raise NotFound(say("There is no sweep {id!r} on this server; POST /api/sweeps makes one.", id=cut(sweep_id)))
    return record


SweepDep = Annotated[RunRecord, Depends(_sweep)]


RunId = Annotated[str, Path(description="the run's id")]


def _run(store: StoreDep, run_id: RunId) -> RunRecord:
    record = store.get(run_id)
    if record is None or record.kind != "run":
        raise NotFound(say("There is no run {id!r} on this server; GET /api/runs lists those there are.", id=cut(run_id)))
    return record


RunDep = Annotated[RunRecord, Depends(_run)]


async def _watched(store: StoreDep, streams: StreamsDep, run_id: RunId) -> RunRecord:
    """The run of an event stream. Where somebody watches it already its record is at hand, and the store is not asked: a whole class may
    open the same link at once."""
    known = streams.watched(run_id)
    return known if known is not None and known.kind == "run" else (
        await to_thread.run_sync(_run, store, run_id, limiter=streams.threads))


WatchedDep = Annotated[RunRecord, Depends(_watched)]


MOST_RUNS = 120
"""Runs in one stream: six groups of twenty seeds."""


async def _runs(
    store: StoreDep, streams: StreamsDep,
    runs: Annotated[str, Query(max_length=5000, description=f"ids of 1 to {MOST_RUNS} runs, separated by commas")],
) -> list[RunRecord]:
    ids = list(dict.fromkeys(name for name in runs.split(",") if name))
    if not 1 <= len(ids) <= MOST_RUNS:
        raise BadQuery(**at_field("runs", say("{count} {count|id|ids}; give 1 to {most}, separated by commas",
                                              count=len(ids), most=MOST_RUNS)))
    return await to_thread.run_sync(lambda: [_run(store, run_id) for run_id in ids], limiter=streams.threads)


RunsDep = Annotated[list[RunRecord], Depends(_runs)]


QuantitiesQuery = Annotated[str | None, Query(
    max_length=500, description=f"only these quantities, separated by commas: {', '.join(QUANTITIES)}")]


FormQuery = Annotated[Form, Query(
    description="compact: half the bytes, as the page reads them (js/compact.js): moments in float32, counts to their standard error")]


async def _view(quantities: QuantitiesQuery = None, form: FormQuery = "full") -> View:
    if quantities is None:
        return View(None, form)
    names = frozenset(name.strip() for name in quantities.split(",") if name.strip())
    if unknown := names - set(QUANTITIES):
        raise BadQuery(**at_field("quantities", say("{names} is no quantity; choose from {choices}", names=", ".join(sorted(unknown)),
                                                    choices=", ".join(QUANTITIES))))
    return View(names, form)


ViewDep = Annotated[View, Depends(_view)]
AfterQuery = Annotated[int, Query(ge=-1, le=2**53, description="only frames with a seq above this")]
