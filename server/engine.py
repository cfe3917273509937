"""What computes previews and runs: `Engine`, and `LocalEngine`, which has worker processes on this machine, one for previews and others for
runs.

A worker that died or whose task was cancelled is replaced (server/pool.py). The new one is ready at once, as the fork server from which it
is forked has loaded PyTorch.
"""

from __future__ import annotations

import json
import logging
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from functools import partial
from typing import Any, Protocol

from models.device import OutOfMemory
from models.words import Text, say, together
from server import forkserver, keeping, trouble
from server.downloads import Downloads
from server.encode import Form
from server.errors import Busy, Unavailable
from server.fetch import Stopped
from server.metrics import Metrics
from server.pool import Died, Pool
from server.records import Fetching, Kind, Status
from server.settings import Settings
from server.store import Store
from server.tasks import do
from server.trouble import TROUBLE, StoreFailed

log = logging.getLogger("sigprop")

STOPPED = say("The server was stopped while this ran. Its frames are kept; run it again for the rest.")

KILL_S = 2.0
"""Seconds for a worker whose run is cancelled to be killed, and for that to be written."""

TRAINERS_NICENESS = 5
"""Niceness of the workers that train: previews and the server get three times their share of a core that both want."""

WRITE_AGAIN_S = 2.0
"""Seconds between two tries to write how a run ended."""


class Engine(Protocol):
    """What computes previews and runs; another implementation than LocalEngine could use a cluster."""

    name: str
    draining: bool

    def preview(self, config_json: str, form: Form) -> Future[bytes]:
        """A preview's answer as JSON. Cancelling the future frees the worker. The call may wait until workers have started."""

    def admit(self, count: int) -> None:
        """Raises Unavailable or Busy where `count` more runs are not taken: the server is stopping, the store is full, or too many wait."""

    def submit(self, run_id: str, kind: Kind, config_json: str) -> None:
        """Queues a run or a sweep that is in the store."""

    def cancel(self, run_id: str) -> None:
        """Ends a run that waits or runs, soon; it is cancelled."""

    def give_up(self, run_id: str, reason: Text) -> None:
        """Ends a run that does not end by itself; it has failed."""

    def drain(self, patience_s: float) -> None:
        """Takes no more runs; waits up to `patience_s` for those that run, then cancels them. Queued ones are left to the next server."""

    def close(self) -> None:
        """Ends every worker."""


class LocalEngine:
    """Worker processes on this machine.

    previews, trainers: the two pools of workers
    futures:  of the runs that a worker has, or will have
    draining: whether no more runs are taken       closing: whether the workers are being ended
    """

    name = "local"
    draining = closing = False

    def __init__(self, settings: Settings, store: Store, downloads: Downloads, metrics: Metrics) -> None:
        forkserver.start()
        self.settings = settings
        self.store = store
        self.downloads = downloads
        self.metrics = metrics
        self.futures: dict[str, Future[None]] = {}
        self.previews, self.trainers = (
            Pool(size, do, ("prepare", settings.threads, niceness), forkserver.context())
            for size, niceness in ((1, 0), (settings.run_workers, TRAINERS_NICENESS)))
        for workers in (self.previews, self.trainers):
            workers.schedule("warm_up")

    def preview(self, config_json: str, form: Form) -> Future[bytes]:
        future = self.previews.schedule("preview", config_json, self.settings.places, form, timeout_s=self.settings.preview_timeout_s)
        future.add_done_callback(self._count_restart)
        return future

    def submit(self, run_id: str, kind: Kind, config_json: str) -> None:
        """Queues it; where its data set has to be fetched first, it waits for that and takes no worker."""
        log.info("%s %s waits", kind, run_id, extra={"run_id": run_id})
        config = json.loads(config_json)
        name = (config if kind == "run" else config["base"])["data"]["name"]
        job = self.downloads.want(name, partial(self._note_fetching, run_id))
        job.future.add_done_callback(
            lambda done: self._settle(run_id, partial(self._fetched, run_id, kind, config_json, done.exception())))

    def _note_fetching(self, run_id: str, now: Fetching) -> None:
        try:
            self.store.note_fetching(run_id, now)
        except TROUBLE as error:  # the next percent will do
            log.warning("run %s: %s", run_id, trouble.sentence(error), extra={"run_id": run_id})

    def _fetched(self, run_id: str, kind: Kind, config_json: str, error: BaseException | None) -> None:
        if isinstance(error, Stopped):
            return  # the server stops; the next one takes the run up again
        self.store.note_fetching(run_id, None)
        record = self.store.get(run_id)
        if error is not None:
            self.store.finish(run_id, "failed", error.detail if isinstance(error, Unavailable) else _what_happened(error))
        elif record is not None and record.status == "queued" and not self.draining:
            self._schedule(run_id, kind, config_json)

    def _schedule(self, run_id: str, kind: Kind, config_json: str) -> None:
        future = self.trainers.schedule(kind, run_id, config_json, self.store.url, self.settings.places, timeout_s=self.settings.max_run_s)
        self.futures[run_id] = future
        future.add_done_callback(lambda done: self._ended(run_id, done))

    def admit(self, count: int) -> None:
        if not count:
            return
        if self.draining:
            raise Unavailable(say("The server is being stopped and takes no new runs; ask again in a moment, when it is back."),
                              retry_after_s=math.ceil(self.settings.drain_s) + 1)
        keeping.require_room(self.store, self.settings)
        waiting = self.store.count("queued")
        if waiting + count > self.settings.max_queue:
            raise Busy(say("{waiting} {waiting|run waits|runs wait} already, and this server's limit is {limit}; try again in a minute.",
                           waiting=waiting, limit=self.settings.max_queue), retry_after_s=60)

    def cancel(self, run_id: str, reason: Text | None = None) -> None:
        """A waiting run ends at once. A running one is asked to end, through the store; if it does not in time, its worker is killed."""
        self.store.request_cancel(run_id, reason)
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

    def give_up(self, run_id: str, reason: Text) -> None:
        self.store.finish(run_id, "failed", reason)
        if future := self.futures.get(run_id):
            future.cancel()

    def drain(self, patience_s: float) -> None:
        self.draining = True
        try:
            self._drain(patience_s)
        except TROUBLE as error:
            log.error("runs are ended as they are, and the next server says that they were interrupted: %s", trouble.sentence(error))

    def _drain(self, patience_s: float) -> None:
        self.store.hold_waiting(True)
        for run_id in self._scheduled("queued"):
            if future := self.futures.get(run_id):
                future.cancel()
        wait(list(self.futures.values()), timeout=patience_s)
        for run_id in self._scheduled("running"):
            self.cancel(run_id, STOPPED)
        wait(list(self.futures.values()), timeout=self.settings.cancel_grace_s + KILL_S)

    def _scheduled(self, status: Status) -> list[str]:
        """Runs in this status that a worker has, or will have."""
        return [record.id for record in self.store.unfinished() if record.status == status and record.id in self.futures]

    def close(self) -> None:
        self.closing = True
        for workers in (self.previews, self.trainers):
            workers.stop()
        for workers in (self.previews, self.trainers):
            workers.join()

    def _ended(self, run_id: str, future: Future[None]) -> None:
        """Called when a worker is done with a run, however that ended."""
        self.futures.pop(run_id, None)
        if not self.closing:  # else the next server says that it was interrupted
            self._settle(run_id, partial(self._write_end, run_id, future))

    def _settle(self, run_id: str, write: Callable[[], None]) -> None:
        """Calls `write`, which writes what has become of the run; again and again while the store cannot be used, as nobody would hear of
        it otherwise. On any other error the run has failed with that error."""
        try:
            write()
        except TROUBLE as error:
            log.error("run %s: %s It is tried again.", run_id, trouble.sentence(error), extra={"run_id": run_id})
            again = threading.Timer(WRITE_AGAIN_S, self._settle, (run_id, write))
            again.daemon = True
            again.start()
        except Exception as error:
            log.error("run %s", run_id, exc_info=error, extra={"run_id": run_id})
            self.store.finish(run_id, "failed", _what_happened(error))

    def _end(self, future: Future[None]) -> tuple[Status, Text | None]:
        """The status of a run whose worker was killed, died or met an error, with the reason."""
        if future.cancelled():
            return "cancelled", None
        if isinstance(future.exception(), TimeoutError):
            return "failed", say("The run took longer than {limit_s:g} s, which is this server's limit (--max-run-s). Its frames are kept; "
                                 "train for fewer steps, or a smaller network.", limit_s=self.settings.max_run_s)
        return "failed", _what_happened(future.exception())

    def _write_end(self, run_id: str, future: Future[None]) -> None:
        """Writes how a run ended, unless its worker has already, and counts it for the metrics."""
        if self.draining and (record := self.store.get(run_id)) is not None and record.status == "queued":
            return  # the next server takes it up
        self.store.finish(run_id, *self._end(future))
        self._count_restart(future)
        ended = self.store.get(run_id)
        if ended is not None:
            self.metrics.saw(ended, ended.finished_at or time.time())
            self.metrics.ended.labels(ended.status).inc()
            log.info("%s %s is %s after %d of %d steps%s", ended.kind, run_id, ended.status, ended.steps_done, ended.steps_total,
                     f": {ended.error}" if ended.error else "", extra={"run_id": run_id})

    def _count_restart(self, future: Future[Any]) -> None:
        """Counts for the metrics that a worker was replaced: because its task was cancelled or took too long, or because it died."""
        if future.cancelled():
            self.metrics.restarts.labels("cancelled").inc()
        elif isinstance(error := future.exception(), Died | TimeoutError):
            self.metrics.restarts.labels("died" if isinstance(error, Died) else "took too long").inc()


def _what_happened(error: BaseException | None) -> Text:
    """What to tell people of a run that its worker did not finish; error: what the worker's task raised."""
    if error is None:
        return say("The worker ended without finishing the run.")
    if isinstance(error, StoreFailed):
        return together(error.sentence, say("The run's frames up to here are kept."))
    if isinstance(error, Died):
        return say("The worker process ended unexpectedly (exit code {code}); it may have run out of memory. "
                   "Frames up to here are kept; run it again, or choose a smaller network.", code=error.exitcode)
    if isinstance(error, OutOfMemory):
        return say("The network did not fit into the memory that this machine has left, although its estimate did. Frames up to here are "
                   "kept; run it again, or choose a smaller one.")
    return Text(f"{type(error).__name__}: {error}")
