"""Assembles the application: settings in, FastAPI out."""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.middleware.gzip import GZipMiddleware

import models
from models.theory import warm_up
from models.words import say
from server import errors
from server.downloads import Downloads
from server.engine import LocalEngine
from server.frontend import FRONTEND
from server.routes import about, events, exports, pages, previews, runs, sweeps, theories, weights
from server.security import Security
from server.settings import Settings
from server.store import Store
from server.stream import Streams

INTERRUPTED = say("interrupted: the server stopped while this ran. Its frames are kept; run it again for the rest.")

BREATH_S = 0.02
"""Between two of the warm-up's answers the server's own threads get their turn."""


def create_app(settings: Settings) -> FastAPI:
    """The application of these settings; its lifespan owns the store, the workers and the streams."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        store = Store(settings.store_url)
        store.open()
        downloads = Downloads(settings.places.datasets, settings.dataset_mirror)
        engine = LocalEngine(settings, store, downloads)
        _take_up(store, engine)
        app.state.settings, app.state.store, app.state.engine = settings, store, engine
        app.state.downloads = downloads
        app.state.streams = Streams(store, settings.tail_interval_s)
        closing = threading.Event()
        warming = threading.Thread(target=warm_up, args=(partial(closing.wait, BREATH_S),), name="theory-warm-up")
        warming.start()
        yield
        downloads.close()
        closing.set()
        warming.join()
        engine.close()
        store.close()

    app = FastAPI(title="Signal Propagation Dashboard", version=models.__version__, lifespan=lifespan,
                  summary="Deep networks at initialization and in training: what happens to the signal from layer 1 to layer N.")
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)
    errors.install(app, settings.max_body_bytes, {weights.PATH: settings.max_upload_bytes})
    app.add_middleware(Security)
    for routes in (about, previews, theories, runs, events, sweeps, exports, weights, pages):
        app.include_router(routes.router)
    app.mount("/static", StaticFiles(directory=FRONTEND), name="static")
    return app


def _take_up(store: Store, engine: LocalEngine) -> None:
    """What an earlier server left: runs that waited wait again, runs that ran have failed."""
    for record in store.unfinished():
        if record.status == "queued":
            engine.submit(record.id, record.kind, json.dumps(record.config))
        else:
            store.finish(record.id, "failed", INTERRUPTED)

