"""Runs: submit, look, watch, cancel, delete."""

from __future__ import annotations

import secrets
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response

import models
from models import cost
from models.config import SEED, RunConfig
from models.initializers import INITIALIZERS
from models.words import say
from server import encode, keeping, limits, sse, weights
from server.deps import AfterQuery, BadQuery, DownloadsDep, EngineDep, RunDep, SettingsDep, StoreDep, StreamsDep, ViewDep, WatchedDep
from server.engine import Engine
from server.errors import Conflict, ProblemDetails, at_field
from server.records import FrameList, RunList, RunPatch, RunRecord, Status
from server.search import searching
from server.settings import Settings
from server.store import NewRun, Store, is_over
from server.stream import alone
from server.submitting import FETCH_PATIENCE_S, GIVEN_UP, Submission, start, submitted

router = APIRouter(prefix="/api/runs", tags=["runs"], responses={422: {"model": ProblemDetails}})

UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"model": ProblemDetails, "description": "there is no such run"}}
FRESH_BYTES = 3
"""Random bytes at the end of a run's id, where an earlier run of its configuration has the plain one."""
PRIVATE_BYTES = 16
"""Random bytes of the id of a private run, which nobody can guess."""


@router.post("", status_code=201, response_model=RunRecord, responses={
    200: {"model": RunRecord, "description": "this configuration has been run before"},
    429: {"model": ProblemDetails, "description": "the queue is full"},
    503: {"model": ProblemDetails, "description": "its data set cannot be fetched"}})
async def submit(
    config: RunConfig, response: Response, store: StoreDep, engine: EngineDep, settings: SettingsDep, downloads: DownloadsDep,
    fresh: Annotated[bool, Query(description="run it anew even if it has been run before")] = False,
) -> RunRecord:
    """Queues a run. The same configuration shares a run: its record is answered with 200, whatever its status."""
    return await submitted(Submission(
        data=config.data.name,
        known=lambda: None if fresh else store.newest(config.fingerprint()),
        check=partial(_check, config, store, settings),
        start=partial(_start, config, store, engine),
    ), response, store, engine, downloads)


def _check(config: RunConfig, store: Store, settings: Settings) -> None:
    """Raises OverLimit or BadWeights where the server will not run it."""
    limits.check_run(config, settings)
    weights.require(config, settings.places.weights, store)


@router.post("/over-seeds", status_code=201, responses={
    429: {"model": ProblemDetails, "description": "the queue is full"},
    503: {"model": ProblemDetails, "description": "its data set cannot be fetched"}})
def over_seeds(
    config: RunConfig, store: StoreDep, engine: EngineDep, settings: SettingsDep, downloads: DownloadsDep,
    count: Annotated[int, Query(ge=2, le=20, description="how many seeds: the configuration's own and those after it")],
) -> RunList:
    """The same network with several seeds: all of their runs are queued, or none. Those that have been run before are shared."""
    if config.seed + count - 1 > (last := int(SEED.high or 0)):
        raise BadQuery(**at_field("seed", say("{count} seeds from {first} on go beyond the last one, {last}; begin with a smaller one",
                                              count=count, first=config.seed, last=last)))
    configs = [config.model_copy(update={"seed": config.seed + more}) for more in range(count)]
    _check(config, store, settings)
    downloads.ready(config.data.name, FETCH_PATIENCE_S)
    with store.submitting:
        known = {seeded.seed: run for seeded in configs if (run := store.newest(seeded.fingerprint())) and run.status not in GIVEN_UP}
        engine.admit(count - len(known))
        return RunList(runs=[known.get(seeded.seed) or _start(seeded, store, engine) for seeded in configs], next_cursor=None)


def _start(config: RunConfig, store: Store, engine: Engine) -> RunRecord:
    """A new run of the configuration, queued."""
    fingerprint = config.fingerprint()
    return start(NewRun(_new_id(config, fingerprint, store), "run", fingerprint, config.canonical(), models.__version__,
                        config.total_steps, cost.layers(config)), store, engine)


def _new_id(config: RunConfig, fingerprint: str, store: Store) -> str:
    """The configuration's fingerprint, followed by random digits where that is taken. A run that starts from somebody's own weights has a
    random id: whoever knows or guesses its configuration must not find it."""
    if INITIALIZERS[config.init.name].trained:
        return secrets.token_hex(PRIVATE_BYTES)
    return fingerprint if store.get(fingerprint) is None else f"{fingerprint}-{secrets.token_hex(FRESH_BYTES)}"


@router.get("")
def listing(
    store: StoreDep, settings: SettingsDep,
    status: Annotated[Status | None, Query(description="only runs in this status")] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="runs in one answer")] = 50,
    cursor: Annotated[str | None, Query(pattern=r"^\d{1,15}$", description="next_cursor of the page before")] = None,
    search: Annotated[str, Query(max_length=300, description=(
        "only runs that have every one of these words: in the title, as a choice's name, as a number, as `path=value`, or the id"))] = "",
) -> RunList:
    """The records, newest first."""
    found, before = store.page(status, limit, int(cursor) if cursor else None, searching(search))
    return RunList(runs=found, next_cursor=None if before is None else str(before), storage=keeping.storage(store, settings))


@router.get("/{run_id}", responses=UNKNOWN)
def record(run: RunDep) -> RunRecord:
    """The run's record."""
    return run


@router.patch("/{run_id}", responses=UNKNOWN)
def change(run: RunDep, patch: RunPatch, store: StoreDep) -> RunRecord:
    """Gives the run a title, or pins it: a pinned run stays when the store is full. What is not given stays as it is."""
    if "title" in patch.model_fields_set:
        store.rename(run.id, patch.title or None)
    if patch.pinned is not None:
        store.pin(run.id, patch.pinned)
    return store.get(run.id) or run


@router.get("/{run_id}/frames", response_model=FrameList, responses=UNKNOWN)
def frames(
    run: RunDep, store: StoreDep, view: ViewDep, after: AfterQuery = -1,
    limit: Annotated[int, Query(ge=1, le=1000, description="frames in one answer")] = 200,
) -> Response:
    """Frames in order, as they were streamed."""
    found = [encode.viewed(encode.unpack(data), view) for _, data in store.frames(run.id, after, limit)]
    return Response(b'{"frames":[' + b",".join(found) + b"]}", media_type="application/json")


@router.get("/{run_id}/events", response_class=sse.Streaming, responses={**UNKNOWN, **sse.DESCRIBED})
async def events(
    run: WatchedDep, streams: StreamsDep, stream: sse.StreamDep, view: ViewDep, after: AfterQuery = -1,
    last_event_id: Annotated[int | None, Header(ge=-1, description="the newest frame the client has, after a lost connection")] = None,
) -> sse.Streaming:
    """Server-sent events: `status` and `end` bear the record, `frame` a frame with its seq as id. A finished run replays."""
    found = streams.events(run, after if last_event_id is None else last_event_id, view)
    return sse.respond(alone(found), stream)


@router.post("/{run_id}/cancel", responses={**UNKNOWN, 409: {"model": ProblemDetails, "description": "the run is over"}})
def cancel(run: RunDep, store: StoreDep, engine: EngineDep) -> RunRecord:
    """Ends the run soon; its frames stay."""
    if is_over(run):
        raise Conflict(say("The run is {status} already; there is nothing to cancel.", status=run.status))
    engine.cancel(run.id)
    return store.get(run.id) or run


@router.delete("/{run_id}", status_code=204, responses=UNKNOWN)
def remove(run: RunDep, store: StoreDep, engine: EngineDep, settings: SettingsDep) -> None:
    """Ends the run if need be, and forgets it with all its frames and the weights that it kept."""
    keeping.forget(store, settings, run.id)
    if not is_over(run):
        engine.cancel(run.id)  # not before: viewers would be told only that it was cancelled, and not that it was deleted
