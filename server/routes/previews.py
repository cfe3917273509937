"""A network at initialization, at once."""

from __future__ import annotations

import asyncio
from concurrent.futures import CancelledError, Future

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response
from pebble import ProcessExpired

from models.config import RunConfig
from server import limits
from server.deps import EngineDep, SettingsDep
from server.errors import ProblemDetails, Unavailable
from server.records import Preview

router = APIRouter(prefix="/api", tags=["preview"])

LOOK_S = 0.25
"""Seconds between two looks whether the client still waits."""


@router.post("/preview", response_model=Preview, responses={422: {"model": ProblemDetails}, 503: {"model": ProblemDetails}})
async def preview(config: RunConfig, request: Request, settings: SettingsDep, engine: EngineDep) -> Response:
    """One forward and backward pass at step 0: the frame, the layers, theory and findings."""
    limits.check_preview(config, settings)
    future = await to_thread.run_sync(engine.preview, config.canonical())
    try:
        answer = await _while_connected(future, request)
    except TimeoutError as error:
        raise Unavailable(f"The preview took longer than {settings.preview_timeout_s:g} s; choose a smaller network.",
                          retry_after_s=1) from error
    except ProcessExpired as error:
        raise Unavailable(f"The preview's worker ended unexpectedly (exit code {error.exitcode}), perhaps out of memory; "
                          "choose a smaller network.", retry_after_s=1) from error
    return Response(answer, media_type="application/json")


async def _while_connected(future: Future[bytes], request: Request) -> bytes:
    """The future's result; a client that goes away frees the worker."""
    waiting = asyncio.wrap_future(future)
    while not (await asyncio.wait([waiting], timeout=LOOK_S))[0]:
        if await request.is_disconnected():
            future.cancel()
            return b""
    try:
        return waiting.result()
    except (CancelledError, asyncio.CancelledError) as error:
        raise Unavailable("The preview was cancelled; send it again.", retry_after_s=1) from error
