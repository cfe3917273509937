"""What the server is and what there is to choose."""

from __future__ import annotations

import logging
from typing import Any

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter

import models
from models import device
from models.words import say
from server import trouble
from server.catalog import catalog
from server.deps import EngineDep, SettingsDep, StoreDep
from server.engine import Engine
from server.errors import STORE_RETRY_S, ProblemDetails, Unavailable
from server.records import Catalog, Health
from server.store import Store
from server.trouble import TROUBLE

log = logging.getLogger("sigprop")

router = APIRouter(prefix="/api", tags=["about"])


HEALTH_THREADS = CapacityLimiter(2)
"""Threads of its own, so that health is answered even while many requests, as of a class that submits its runs, have all the others."""


def _health(store: Store, engine: Engine) -> Health:
    """Where the store cannot be used, the server is still "ok", but not ready: whatever restarts servers that are not ok would restart this
    one for ever."""
    health = Health(status="ok", ready=False, version=models.__version__, device=device.kind("auto"), engine=engine.name,
                    queued=None, running=None)
    try:
        counts: dict[str, Any] = {"queued": store.count("queued"), "running": store.count("running")}
    except TROUBLE as error:
        log.error("%s", trouble.sentence(error))
        return health
    return health.model_copy(update={**counts, "ready": not engine.draining})


@router.get("/health")
async def health(store: StoreDep, engine: EngineDep) -> Health:
    """That the server is up, and what it is busy with."""
    return await to_thread.run_sync(_health, store, engine, limiter=HEALTH_THREADS)


@router.get("/health/ready", responses={503: {"model": ProblemDetails, "description": "it is being stopped"}})
async def ready(store: StoreDep, engine: EngineDep) -> Health:
    """That the server takes new runs; 503 while it starts, once it is being stopped, and where its store cannot be read, when /api/health
    still answers 200."""
    if engine.draining:
        raise Unavailable(say("The server is being stopped and takes no new runs."), retry_after_s=10)
    found = await health(store, engine)
    if not found.ready:
        raise Unavailable(say("The server's store cannot be read; its log says why."), retry_after_s=STORE_RETRY_S)
    return found


@router.get("/catalog", response_model=Catalog)
def choices(settings: SettingsDep) -> dict[str, Any]:
    """Every choice with label, formula, source and parameters; the JSON Schema of RunConfig; defaults; limits; lessons."""
    return catalog(settings)
