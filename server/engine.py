"""An engine runs runs. `local`: worker processes on this machine, one kept for previews, the others for runs.

Pebble's pools do the work of keeping processes: a crashed or cancelled worker is replaced, warm in a moment because the
fork server has torch loaded already.
"""

from __future__ import annotations

import json
import threading
from concurrent.futures import Future
from typing import Protocol

from pebble import ProcessExpired, ProcessPool

from models.words import Text, say
from server import forkserver, worker
from server.downloads import Downloads
from server.errors import Unavailable
from server.fetch import Stopped
from server.records import Kind
from server.settings import Settings
from server.store import Store


class Engine(Protocol):
    """Whatever computes: this machine's processes, or a cluster."""

    name: str

    def preview(self, config_json: str) -> Future[bytes]:
        """The answer to a preview as JSON; cancelling the future frees the worker. May wait for the workers' start."""

    def submit(self, run_id: str, kind: Kind, config_json: str) -> None:
        """Queues a run or a sweep that is in the store."""

    def cancel(self, run_id: str) -> None:
        """Ends a run, waiting or running, soon."""

    def close(self) -> None:
        """Ends every worker."""


class LocalEngine:
    """Worker processes on this machine."""

    name = "local"

    def __init__(self, settings: Settings, store: Store, downloads: Downloads) -> None:
        forkserver.start()
        self.settings = settings
        self.store = store
        self.downloads = downloads
        self.futures: dict[str, Future[None]] = {}
        self.previews, self.trainers = (
            ProcessPool(max_workers=size, initializer=worker.prepare, initargs=(settings.threads,), context=forkserver.context())
            for size in (1, settings.run_workers))
        # The first task starts a pool, which waits for the fork server to have torch loaded: the server answers meanwhile.
        self.starting = threading.Thread(target=self._warm_up, name="warm-up")
        self.starting.start()

    def _warm_up(self) -> None:
        for pool in (self.previews, self.trainers):
            pool.schedule(worker.warm_up)

    def preview(self, config_json: str) -> Future[bytes]:
        future: Future[bytes] = self.previews.schedule(worker.preview, args=[config_json, self.settings.places],
                                                       timeout=self.settings.preview_timeout_s)
        return future

    def submit(self, run_id: str, kind: Kind, config_json: str) -> None:
        """Queues it; where its data set has to be fetched first, it waits for that and takes no worker."""
        config = json.loads(config_json)
        name = (config if kind == "run" else config["base"])["data"]["name"]
        job = self.downloads.want(name, lambda now: self.store.note_fetching(run_id, now))
        job.future.add_done_callback(lambda done: self._fetched(run_id, kind, config_json, done.exception()))

    def _fetched(self, run_id: str, kind: Kind, config_json: str, error: BaseException | None) -> None:
        if isinstance(error, Stopped):
            return  # the server stops; the next one takes the run up again
        self.store.note_fetching(run_id, None)
        record = self.store.get(run_id)
        if error is not None:
            self.store.finish(run_id, "failed", error.detail if isinstance(error, Unavailable) else _what_happened(error))
        elif record is not None and record.status == "queued":
            self._schedule(run_id, kind, config_json)

    def _schedule(self, run_id: str, kind: Kind, config_json: str) -> None:
        job = worker.run if kind == "run" else worker.sweep
        future: Future[None] = self.trainers.schedule(job, args=[run_id, config_json, self.store.url, self.settings.places])
        self.futures[run_id] = future
        future.add_done_callback(lambda done: self._ended(run_id, done))

    def cancel(self, run_id: str) -> None:
        """A waiting run ends at once; a running one is asked, and its worker killed if it does not answer in time."""
        self.store.request_cancel(run_id)
        future = self.futures.get(run_id)
        record = self.store.get(run_id)
        if future is None or (record is not None and record.status == "queued"):
            if future is not None:
                future.cancel()
            self.store.finish(run_id, "cancelled")
            return
        timer = threading.Timer(self.settings.cancel_grace_s, future.cancel)
        timer.daemon = True
        timer.start()

    def close(self) -> None:
        self.starting.join()
        for pool in (self.previews, self.trainers):
            pool.stop()
        for pool in (self.previews, self.trainers):
            pool.join()

    def _ended(self, run_id: str, future: Future[None]) -> None:
        """What the worker could not write itself: that it was killed, died, or met an error."""
        self.futures.pop(run_id, None)
        if future.cancelled():
            self.store.finish(run_id, "cancelled")
        else:
            self.store.finish(run_id, "failed", _what_happened(future.exception()))


def _what_happened(error: BaseException | None) -> Text:
    """A sentence for the record of a run that its worker did not finish."""
    if error is None:
        return say("The worker ended without finishing the run.")
    if isinstance(error, ProcessExpired):
        return say("The worker process ended unexpectedly (exit code {code}); it may have run out of memory. "
                   "Frames up to here are kept; run it again, or choose a smaller network.", code=error.exitcode)
    return Text(f"{type(error).__name__}: {error}")
