"""Looks after what runs and what is stored, every few seconds, as long as the server lives."""

from __future__ import annotations

import logging
import threading
import time

from models.words import say
from server import keeping
from server.engine import Engine
from server.metrics import Metrics
from server.settings import Settings
from server.store import Store
from server.trouble import TROUBLE

log = logging.getLogger("sigprop")

EVERY_S = 2.0


class Watch:
    """A thread that ends runs whose worker gives no sign of life, keeps the store within its limits, and counts progress for the metrics.

    beats: of each running run, its last sign of life (the store's time) and since when (time.monotonic) that has been the last
    """

    def __init__(self, settings: Settings, store: Store, engine: Engine, metrics: Metrics) -> None:
        self.settings = settings
        self.store = store
        self.engine = engine
        self.metrics = metrics
        self.beats: dict[str, tuple[float, float]] = {}
        self.closing = threading.Event()
        self.thread = threading.Thread(target=self._watch, name="watch")
        self.thread.start()

    def close(self) -> None:
        self.closing.set()
        self.thread.join()

    def _watch(self) -> None:
        while not self.closing.wait(EVERY_S):
            try:
                self._look()
            except (*TROUBLE, OSError) as error:  # a full disk or a locked file: the next look may find it mended
                log.error("the store cannot be looked after: %s", getattr(error, "orig", error))

    def _look(self) -> None:
        for record in self.store.unfinished():
            self.metrics.saw(record, time.time())
        for run_id in self._lifeless(time.monotonic()):
            self.engine.give_up(run_id, say("The worker gave no sign of life for {silence_s:g} s and was ended. Frames up to here are "
                                            "kept; run it again, or choose a smaller network.", silence_s=self.settings.heartbeat_s))
        keeping.make_room(self.store, self.settings)

    def _lifeless(self, now_s: float) -> list[str]:
        """Runs whose last sign of life has been the same for too long. (Its age does not count: after a machine has slept, all are old.)"""
        known = self.beats
        self.beats = {run_id: known[run_id] if known.get(run_id, (None,))[0] == beat else (beat, now_s)
                      for run_id, beat in self.store.heartbeats().items()}
        return [run_id for run_id, (_, since_s) in self.beats.items() if now_s - since_s > self.settings.heartbeat_s]
