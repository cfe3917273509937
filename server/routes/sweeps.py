"""Maps of networks over (sigma_w^2, sigma_b^2): measured by a worker, row by row; or theory's, at once."""

from __future__ import annotations

import math
from functools import partial
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Header, Response
from pydantic import BaseModel, Field

import models
from models.sweep import SweepConfig
from models.theory import Repelling, critical_sigma_w2, phase_grid, repelling, trainable_outline
from models.words import say
from server import limits, sse
from server.deps import AfterQuery, DownloadsDep, EngineDep, SettingsDep, StoreDep, StreamsDep, SweepDep
from server.encode import View
from server.engine import Engine
from server.errors import Conflict, ProblemDetails
from server.records import RunRecord
from server.store import NewRun, Store, is_over
from server.stream import alone
from server.submitting import GIVEN_UP, Submission, start, submitted

router = APIRouter(prefix="/api/sweeps", tags=["sweeps"], responses={422: {"model": ProblemDetails}})

BENDS = 12
"""Pieces into which the critical line is divided between the map's first two rows."""

UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"model": ProblemDetails, "description": "there is no such sweep"}}


class Line(BaseModel):
    """Points of a line, in columns; null where it is interrupted."""

    sigma_w2: list[float | None]
    sigma_b2: list[float | None]


class PhaseMap(BaseModel):
    """Theory's map: `chi`, `q` and `depth_scale` [sigma_b2][sigma_w2], null where q grows without end; the critical line."""

    sigma_w2: list[float]
    sigma_b2: list[float]
    q: list[list[float | None]]
    chi: list[list[float | None]]
    depth_scale: list[list[float | None]] = Field(description="1 / |ln chi|, in layers; null where it is infinite")
    critical_sigma_w2: list[float | None] = Field(description="where chi = 1, for each sigma_b2; null where there is none")
    critical_line: Line = Field(description="where chi = 1, for drawing: more points between the first two rows, where it bends most")
    repelling: Repelling | None = Field(description="a point of the map with chi = 1 at a fixed point that repels: at the first sigma_b2 "
                                                    "with one in the place of a critical point; null where there is none")
    trainable: Line = Field(description="around where `base`'s depth is at most six depth scales; it runs along jumps of chi, too")


@router.post("", status_code=201, response_model=RunRecord, responses={
    200: {"model": RunRecord, "description": "this map has been made before"},
    429: {"model": ProblemDetails, "description": "the queue is full"},
    503: {"model": ProblemDetails, "description": "its data set cannot be fetched"}})
async def submit(config: SweepConfig, response: Response, store: StoreDep, engine: EngineDep, settings: SettingsDep,
                 downloads: DownloadsDep) -> RunRecord:
    """Queues a map. The same configuration shares it."""
    return await submitted(Submission(
        data=config.base.data.name,
        known=partial(_shared, config, store),
        check=partial(limits.check_sweep, config, settings),
        start=partial(_start, config, store, engine),
    ), response, store, engine, downloads)


def _shared(config: SweepConfig, store: Store) -> RunRecord | None:
    """The map of this configuration that there is already, unless it was cancelled or has failed."""
    known = store.newest(config.fingerprint())
    return None if known is None or known.status in GIVEN_UP else known


def _start(config: SweepConfig, store: Store, engine: Engine) -> RunRecord:
    """A new map, queued. It replaces one that was cancelled or has failed."""
    fingerprint = config.fingerprint()
    store.delete(fingerprint)
    return start(NewRun(fingerprint, "sweep", fingerprint, config.canonical(), models.__version__, config.sigma_b2.count, []),
                 store, engine)


@router.post("/theory")
def phases(config: SweepConfig) -> PhaseMap:
    """Mean-field theory of the same map, without a worker: fixed points, chi and depth scale, and the critical line."""
    activation = config.base.network.activation
    sigma_w2, sigma_b2 = config.sigma_w2.values(), config.sigma_b2.values()
    found = phase_grid(activation.name, activation.params, np.array(sigma_w2), np.array(sigma_b2))
    around = trainable_outline(activation.name, activation.params, config.base.network.depth, found.sigma_w2, found.sigma_b2)
    line = {value: critical_sigma_w2(activation.name, activation.params, value) for value in _bending(sigma_b2)}
    return PhaseMap(sigma_w2=sigma_w2, sigma_b2=sigma_b2, q=_rows(found.q), chi=_rows(found.chi), depth_scale=_rows(found.depth_scale),
                    critical_sigma_w2=[line[value] for value in sigma_b2],
                    critical_line=Line(sigma_w2=list(line.values()), sigma_b2=list(line)),
                    repelling=_repelling(config), trainable=_line(around))


def _repelling(config: SweepConfig) -> Repelling | None:
    activation, axis = config.base.network.activation, config.sigma_w2
    points = (repelling(activation.name, activation.params, value) for value in config.sigma_b2.values())
    return next((point for point in points if point and axis.low <= point.sigma_w2 <= axis.high), None)


@router.get("/{sweep_id}", responses=UNKNOWN)
def record(sweep: SweepDep) -> RunRecord:
    """The sweep's record; `frames` counts its rows."""
    return sweep


@router.get("/{sweep_id}/events", response_class=sse.Streaming, responses={**UNKNOWN, **sse.DESCRIBED})
async def events(
    sweep: SweepDep, streams: StreamsDep, stream: sse.StreamDep, after: AfterQuery = -1,
    last_event_id: Annotated[int | None, Header(ge=-1, description="the newest row the client has, after a lost connection")] = None,
) -> sse.Streaming:
    """Server-sent events: `status` and `end` bear the record, `row` a row of the map with its seq as id."""
    found = streams.events(sweep, after if last_event_id is None else last_event_id, View())
    return sse.respond(alone(found, frames_are="row"), stream)


@router.post("/{sweep_id}/cancel", responses={**UNKNOWN, 409: {"model": ProblemDetails, "description": "the sweep is over"}})
def cancel(sweep: SweepDep, store: StoreDep, engine: EngineDep) -> RunRecord:
    """Ends the sweep soon; its rows stay."""
    if is_over(sweep):
        raise Conflict(say("The sweep is {status} already; there is nothing to cancel.", status=sweep.status))
    engine.cancel(sweep.id)
    return store.get(sweep.id) or sweep


def _bending(sigma_b2: list[float]) -> list[float]:
    """The values, with more between the first two, closest together near the first: at sigma_b2 = 0 the critical line may be flat."""
    first, second, *_ = sigma_b2
    return sorted({*sigma_b2, *(first + (second - first) * (part / BENDS) ** 3 for part in range(1, BENDS))})


def _line(parts: list[Any]) -> Line:
    """Parts, each (P, 2), one after another."""
    points = [point for part in parts for point in [*part.tolist(), (None, None)]][:-1]
    return Line(sigma_w2=[w2 for w2, _ in points], sigma_b2=[b2 for _, b2 in points])


def _rows(values: Any) -> list[list[float | None]]:
    return [[float(value) if math.isfinite(value) else None for value in row] for row in values]
