"""What the server is and what there is to choose."""

from __future__ import annotations

from functools import cache
from typing import Any

from fastapi import APIRouter

import models
from models import device
from models.config import catalog
from models.words import say
from server import lessons, limits
from server.deps import EngineDep, SettingsDep, StoreDep
from server.errors import ProblemDetails, Unavailable
from server.records import Catalog, Health
from server.settings import Settings

router = APIRouter(prefix="/api", tags=["about"])


@router.get("/health")
def health(store: StoreDep, engine: EngineDep) -> Health:
    """That the server is up, and what it is busy with."""
    return Health(status="ok", ready=not engine.draining, version=models.__version__, device=device.resolve("auto").type,
                  engine=engine.name, queued=store.count("queued"), running=store.count("running"))


@router.get("/health/ready", responses={503: {"model": ProblemDetails, "description": "it is being stopped"}})
def ready(store: StoreDep, engine: EngineDep) -> Health:
    """That the server takes new runs; 503 while it starts and once it is being stopped, when /api/health still answers 200."""
    if engine.draining:
        raise Unavailable(say("The server is being stopped and takes no new runs."), retry_after_s=10)
    return health(store, engine)


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
