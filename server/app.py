"""Assembles the application: settings in, FastAPI out."""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

import models
from models.theory import warm_up
from models.words import say
from server import encode, errors, memory, reserve, schema
from server.access import Access, Gate, token_of
from server.codings import Gzip
from server.downloads import Downloads
from server.engine import LocalEngine
from server.frontend import FRONTEND
from server.keeping import storage
from server.methods import Head
from server.metrics import Metrics
from server.openapi import Api
from server.rate import RateLimit
from server.routes import about, events, exports, metrics, pages, previews, runs, session, sweeps, theories, weights
from server.security import Security
from server.settings import Settings
from server.store import Store
from server.stream import Streams
from server.turns import Turns
from server.watch import Watch
from server.weights import remove_unfinished

INTERRUPTED = say("interrupted: the server stopped while this ran. Its frames are kept; run it again for the rest.")

BREATH_S = 0.02
"""Seconds that theory's warm-up pauses after each answer, so that other threads get their turn."""


def create_app(settings: Settings) -> FastAPI:
    """The application of these settings. Its lifespan opens and closes the store, the workers and the streams."""
    app = Api(title="Signal Propagation Dashboard", version=models.__version__, lifespan=partial(_lifespan, settings), docs_url=None,
              redoc_url=None,
              responses={401: {"model": errors.ProblemDetails, "description": "it needs the server's token"},
                         429: {"model": errors.ProblemDetails, "description": "too many requests, or a full queue: with Retry-After"}},
              summary="Deep networks at initialization and in training: what happens to the signal from layer 1 to layer N.")
    _add_middleware(app, settings)
    for routes in (about, session, previews, theories, runs, events, sweeps, exports, weights, metrics, pages):
        app.include_router(routes.router)
    app.exception_handler(404)(pages.missing)
    app.mount("/static", StaticFiles(directory=FRONTEND), name="static")
    return app


def _add_middleware(app: FastAPI, settings: Settings) -> None:
    """A request passes them from the last to the first."""
    app.state.gate = Gate(token_of(settings), settings.public_read == "on", settings.public_preview == "on")
    app.add_middleware(Gzip, minimum_size=1000, compresslevel=encode.LEVEL)
    app.add_middleware(Head)
    errors.install(app, settings.max_body_bytes, {weights.PATH: settings.max_upload_bytes})
    app.add_middleware(Access, gate=app.state.gate)
    app.add_middleware(RateLimit, per_minute=settings.requests_per_minute)
    app.add_middleware(Security)
    app.add_middleware(Turns)


@asynccontextmanager
async def _lifespan(settings: Settings, app: FastAPI) -> AsyncIterator[None]:
    """Opens what the routes depend on, and closes it in the end."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    store = Store(settings.store_url)
    store.open()
    downloads = Downloads(settings.places.datasets, settings.dataset_mirror)
    counted = Metrics()
    engine = LocalEngine(settings, store, downloads, counted)
    with schema.opening(settings.store_url):
        _take_up(store, engine)
    settings.places.weights.mkdir(exist_ok=True)  # for people to put theirs into
    remove_unfinished(settings.places.weights)
    reserve.keep(settings.reserve)
    app.state.settings, app.state.store, app.state.engine = settings, store, engine
    app.state.downloads, app.state.metrics = downloads, counted
    app.state.streams = Streams(store, settings.tail_interval_s)
    _add_gauges(counted, app)
    watch = Watch(settings, store, engine, counted)
    with _warming_up():
        yield
    downloads.close()
    watch.close()
    engine.close()
    store.close()


@contextmanager
def _warming_up() -> Iterator[None]:
    """Within it, a thread prepares theory's tables, so that the first answers do not wait for them."""
    over = threading.Event()
    thread = threading.Thread(target=_warm_up, args=(partial(over.wait, BREATH_S),), name="theory-warm-up")
    thread.start()
    yield
    over.set()
    thread.join()


def _warm_up(stopped: Callable[[], bool]) -> None:
    warm_up(stopped)
    memory.keep_loaded()


def _add_gauges(counted: Metrics, app: FastAPI) -> None:
    """Adds the numbers that are read whenever somebody asks for the metrics."""
    store: Store = app.state.store
    counted.gauge("sigprop_runs_queued", "Runs and maps that wait.", lambda: store.count("queued"))
    counted.gauge("sigprop_runs_running", "Runs and maps that are computed.", lambda: store.count("running"))
    counted.gauge("sigprop_viewers", "Event streams that are open, counted once a run.", lambda: app.state.streams.viewers)
    counted.gauge("sigprop_storage_full", "Share of the store's nearer limit; above 1, runs are removed.",
                  lambda: storage(store, app.state.settings).full)
    counted.gauge("sigprop_stored_bytes", "Bytes of all frames and weights.",
                  lambda: storage(store, app.state.settings).bytes)


def _take_up(store: Store, engine: LocalEngine) -> None:
    """Takes over what an earlier server left: queued runs are queued again, and those that were running have failed."""
    store.hold_waiting(False)
    for record in store.unfinished():
        if record.status == "queued":
            engine.submit(record.id, record.kind, json.dumps(record.config))
        else:
            store.finish(record.id, "failed", INTERRUPTED)

