"""What the server counts about itself, for Prometheus."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from server.records import RunRecord
from server.trouble import TROUBLE

STEP_BUCKETS_S = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100)

REMEMBERED = 10_000
"""Runs whose progress is remembered, so that no step or frame of them is counted twice."""


class Metrics:
    """What is counted, in a registry of its own, so that two applications in one process share no numbers.

    known: of each run, the frames and steps that have been counted, and when it was last seen to have made a step (seconds since 1970)
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.frames = Counter("sigprop_frames", "Frames that workers have stored.", registry=self.registry)
        self.steps = Counter("sigprop_steps", "Training steps that workers have made.", registry=self.registry)
        self.step_s = Histogram("sigprop_step_seconds", "Seconds a training step takes, frames included: means between two looks at a run.",
                                buckets=STEP_BUCKETS_S, registry=self.registry)
        self.ended = Counter("sigprop_runs_ended", "Runs and maps that are over.", ["status"], registry=self.registry)
        self.restarts = Counter("sigprop_worker_restarts", "Workers that were replaced.", ["why"], registry=self.registry)
        self.lock = threading.Lock()
        self.known: dict[str, tuple[int, int, float]] = {}

    def gauge(self, name: str, what: str, read: Callable[[], float]) -> None:
        """Adds a number that is read when the metrics are asked for: NaN where the store cannot be read, so that the others still are."""
        def known() -> float:
            try:
                return read()
            except TROUBLE:
                return math.nan

        Gauge(name, what, registry=self.registry).set_function(known)

    def saw(self, record: RunRecord, now: float) -> None:
        """Counts what a run has done since it was last seen; `now` in seconds since 1970."""
        if record.started_at is None:
            return
        with self.lock:
            known_frames, known_steps, then = self.known.get(record.id, (0, 0, record.started_at))
            frames, steps = max(record.frames, known_frames), max(record.steps_done, known_steps)
            self.frames.inc(frames - known_frames)
            self.steps.inc(steps - known_steps)
            if steps > known_steps:
                self.step_s.observe(max(0.0, now - then) / (steps - known_steps))
                then = now
            self.known[record.id] = (frames, steps, then)
            while len(self.known) > REMEMBERED:
                del self.known[next(iter(self.known))]

    def page(self) -> bytes:
        """All of it, in Prometheus' text format."""
        return generate_latest(self.registry)
