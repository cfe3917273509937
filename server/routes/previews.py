"""Previews: a network at initialization, answered at once."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import CancelledError, Future

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response

from models.config import RunConfig
from models.device import OutOfMemory
from models.images import Unreadable
from models.words import say
from server import limits, weights
from server.deps import DownloadsDep, EngineDep, FormQuery, SettingsDep, StoreDep
from server.downloads import Downloads
from server.encode import Form
from server.engine import Engine
from server.errors import ProblemDetails, Unavailable
from server.pool import Died
from server.records import Preview
from server.settings import Settings
from server.store import Store

router = APIRouter(prefix="/api", tags=["preview"])

FETCH_PATIENCE_S = 2.0
"""Seconds that a preview waits for a data set that is being fetched, before it answers 503."""

LOOK_S = 0.25
"""Seconds between two looks whether the client still waits."""


@router.post("/preview", response_model=Preview, responses={422: {"model": ProblemDetails}, 503: {"model": ProblemDetails}})
async def preview(config: RunConfig, request: Request, settings: SettingsDep, engine: EngineDep,
                  downloads: DownloadsDep, store: StoreDep, form: FormQuery = "full") -> Response:
    """One forward and backward pass at step 0: the frame, the layers, theory and findings.

    Where the data set has to be fetched first, 503 says how far that is (`fetching`), and the same request works once it is here.
    """
    limits.check_preview(config, settings)
    future = await to_thread.run_sync(_begun, config, form, settings, engine, downloads, store)
    try:
        answer = await _while_connected(future, request, settings.preview_timeout_s)
    except TimeoutError as error:
        raise Unavailable(say("The preview took longer than {limit_s:g} s; choose a smaller network.",
                              limit_s=settings.preview_timeout_s), retry_after_s=1) from error
    except Died as error:
        raise Unavailable(say("The preview's worker ended unexpectedly (exit code {code}), perhaps out of memory; "
                              "choose a smaller network.",
                              code=error.exitcode), retry_after_s=1) from error
    except OutOfMemory as error:
        raise Unavailable(say("The network did not fit into the memory that this machine has left, although its estimate did; choose a "
                              "smaller one, or try again later."), retry_after_s=5) from error
    except Unreadable as error:
        raise Unavailable(say("The data set's files cannot be read: {problem}. Check what the mirror holds.",
                              problem=error.args[0])) from error
    return Response(answer, media_type="application/json")


def _begun(config: RunConfig, form: Form, settings: Settings, engine: Engine, downloads: Downloads, store: Store) -> Future[bytes]:
    """The preview's answer to come. Raises BadWeights or Unavailable where something that it needs is not here."""
    weights.require(config, settings.places.weights, store)
    _require_data(downloads, config.data.name)
    return engine.preview(config.canonical(), form)


def _require_data(downloads: Downloads, name: str) -> None:
    """Raises Unavailable while the data set is being fetched, with how far it is, and where it cannot be had."""
    job = downloads.ready(name, FETCH_PATIENCE_S)
    if not job.future.done():
        far = "" if job.now is None else say(", {percent} % of {size:.1f} MB so far",
                                               percent=job.now.percent, size=job.now.total_bytes / 1e6)
        raise Unavailable(say("{name} is being fetched{far}; ask again in a moment.", name=name, far=far), retry_after_s=1,
                          fetching=None if job.now is None else job.now.model_dump())


async def _while_connected(future: Future[bytes], request: Request, patience_s: float) -> bytes:
    """The future's result. If the client goes away the future is cancelled, which frees the worker, and the answer is empty. Raises
    Unavailable where no worker begins within `patience_s`, and what the worker raised."""
    waiting = asyncio.wrap_future(future)
    until_s = time.monotonic() + patience_s
    while not (await asyncio.wait([waiting], timeout=LOOK_S))[0]:
        if await request.is_disconnected():
            future.cancel()
            return b""
        if time.monotonic() > until_s and not future.running():
            future.cancel()
            raise Unavailable(say("No worker has begun this preview within {limit_s:g} s: too many are asked for, or workers do not start "
                                  "(then the server's log says why). Send it again in a moment.", limit_s=patience_s), retry_after_s=5)
    try:
        return waiting.result()
    except (CancelledError, asyncio.CancelledError) as error:
        raise Unavailable(say("The preview was cancelled; send it again."), retry_after_s=1) from error
