"""The server's first seconds: a small application answers health checks while the real one, which takes seconds to import, is loaded."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import models
from models import device
from server.settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import Receive, Scope, Send

STARTING = {"/api/health": 200, "/api/health/ready": 503}
"""Paths that are answered until all is loaded, with their status: the server lives, and is not ready."""


class Starting:
    """An ASGI application that loads the real one in a thread, then hands everything to it.

    Until then it answers STARTING's paths itself, and every other request waits. Where loading fails, `error` is set and `on_failure`
    is called.
    """

    def __init__(self, settings: Settings, on_failure: Callable[[], None]) -> None:
        self.settings = settings
        self.on_failure = on_failure
        self.error: BaseException | None = None
        self.stack = AsyncExitStack()
        self.app: asyncio.Task[FastAPI] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        assert self.app is not None
        if not self.app.done() and scope["type"] == "http" and scope["path"] in STARTING:
            await _say_starting(send, STARTING[scope["path"]])
            return
        app = await asyncio.shield(self.app)
        await app(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()  # startup
        self.app = asyncio.create_task(self._load())
        self.app.add_done_callback(self._loaded)
        await send({"type": "lifespan.startup.complete"})
        await receive()  # shutdown
        await asyncio.wait([self.app])
        await self.stack.aclose()
        await send({"type": "lifespan.shutdown.complete"})

    def drain(self) -> None:
        """Waits until all runs have ended or are cancelled; does nothing where nothing is loaded yet."""
        if self.app is not None and self.app.done() and self.app.exception() is None:
            self.app.result().state.engine.drain(self.settings.drain_s)

    async def _load(self) -> FastAPI:
        app = await asyncio.to_thread(_create, self.settings)
        await self.stack.enter_async_context(app.router.lifespan_context(app))
        return app

    def _loaded(self, task: asyncio.Task[FastAPI]) -> None:
        self.error = task.exception()
        if self.error is not None:
            self.on_failure()


def _create(settings: Settings) -> FastAPI:
    from server.app import create_app  # the import is what takes the time

    device.has_gpu()  # where there is a driver this loads torch: here, where no request waits for it
    return create_app(settings)


async def _say_starting(send: Send, status: int) -> None:
    """Health while nothing is loaded. A machine without a GPU's driver computes on its CPU; with one, torch has to say."""
    health = {"status": "ok", "version": models.__version__, "device": None if device.may_have_gpu() else "cpu",
              "engine": "local", "queued": 0, "running": 0, "ready": False}
    await send({"type": "http.response.start", "status": status,
                "headers": [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]})
    await send({"type": "http.response.body", "body": json.dumps(health).encode()})

