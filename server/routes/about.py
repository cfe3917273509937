"""What the server is and what there is to choose."""

from __future__ import annotations

from functools import cache
from typing import Any

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter

import models
from models import device
from models.config import catalog
from models.words import say
from server import lessons, limits
from server.deps import EngineDep, SettingsDep, StoreDep
from server.engine import Engine
from server.errors import ProblemDetails, Unavailable
from server.records import Catalog, Health
from server.settings import Settings
from server.store import Store

router = APIRouter(prefix="/api", tags=["about"])


HEALTH_THREADS = CapacityLimiter(2)
"""Of its own, so that health is told while everybody waits: a class that submits its runs has all the threads of the other requests."""


def _health(store: Store, engine: Engine) -> Health:
    return Health(status="ok", ready=not engine.draining, version=models.__version__, device=device.kind("auto"),
                  engine=engine.name, queued=store.count("queued"), running=store.count("running"))


@router.get("/health")
async def health(store: StoreDep, engine: EngineDep) -> Health:
    """That the server is up, and what it is busy with."""
    return await to_thread.run_sync(_health, store, engine, limiter=HEALTH_THREADS)


@router.get("/health/ready", responses={503: {"model": ProblemDetails, "description": "it is being stopped"}})
async def ready(store: StoreDep, engine: EngineDep) -> Health:
    """That the server takes new runs; 503 while it starts and once it is being stopped, when /api/health still answers 200."""
    if engine.draining:
        raise Unavailable(say("The server is being stopped and takes no new runs."), retry_after_s=10)
    return await health(store, engine)


@router.get("/catalog", response_model=Catalog)
def choices(settings: SettingsDep) -> dict[str, Any]:
    """Every choice with label, formula, source and parameters; the JSON Schema of RunConfig; defaults; limits; lessons."""
    return full_catalog(settings)


def full_catalog(settings: Settings) -> dict[str, Any]:
    """The catalogue of the models with what this server adds."""
    return {**_catalog(), "version": models.__version__, "limits": limits.as_json(settings), "lessons": lessons.entries()}


@cache
def _catalog() -> dict[str, Any]:
    return catalog()
