"""What a worker process does. The only module of the server that builds and runs networks; it knows no HTTP."""

from __future__ import annotations

import math
import multiprocessing
import os
import threading
import time
from functools import cache

import torch

from models import cost, device
from models.config import RunConfig
from models.diagnosis import Severity, Verdict
from models.frame import Frame
from models.sweep import SweepConfig
from models.sweep import sweep as map_rows
from models.theory import Theory, theory_of
from models.training import initial_frame, train
from server import encode
from server.store import Store

PROGRESS_S = 0.2
"""Seconds between two notes of progress, and so the longest that a cancel waits between two steps."""


def prepare(threads: int) -> None:
    """Once in every worker: the number of threads, and an end when the server ends, however that happens."""
    torch.set_num_threads(threads)
    threading.Thread(target=_end_with_the_server, daemon=True).start()


def _end_with_the_server() -> None:
    server = multiprocessing.parent_process()
    if server is not None:
        server.join()
        os._exit(1)  # nobody waits for what this computes; its frames so far are in the store


def warm_up() -> None:
    """A small preview, so that the first real one finds everything loaded."""
    preview(RunConfig.model_validate({"network": {"depth": 3, "width": 32}}).canonical())


def preview(config_json: str) -> bytes:
    """The answer to a preview, as JSON."""
    config = RunConfig.model_validate_json(config_json)
    frame = initial_frame(config)
    said = predict(config, frame)
    findings = Verdict(config, lambda frame: said).of(frame)
    return encode.dumps({
        "config": config.model_dump(mode="json"), "layers": cost.layers(config, frame["layers"]), "frame": frame,
        "theory": said.model_dump(mode="json"), "findings": [finding.model_dump(mode="json") for finding in findings],
    })


def predict(config: RunConfig, frame: Frame) -> Theory:
    """Theory for the batch that the frame measured."""
    return theory_of(config, frame["input"])


def run(run_id: str, config_json: str, store_url: str) -> None:
    """Trains the run's network; every frame goes to the store as soon as it is made, and the verdict whenever it changes."""
    store, config = _store(store_url), RunConfig.model_validate_json(config_json)
    if not store.start(run_id, device.label(device.resolve(config.device))):
        return
    watch, verdict = Watch(store, run_id), Verdict(config, lambda frame: predict(config, frame))
    loss: float | None = 0.0
    known: list[tuple[str, Severity]] = []
    for frame in train(config, watch.on_step):
        findings = verdict.of(frame)
        gist = [(finding.rule, finding.severity) for finding in findings]
        last = frame["step"] == config.total_steps or frame["loss"] is None
        changed = [finding.model_dump(mode="json") for finding in findings] if last or gist != known else None
        store.append_frame(run_id, frame["seq"], frame["step"], encode.pack(frame), changed)
        known = gist
        loss = frame["loss"]
    store.finish(run_id, "diverged" if loss is None else "cancelled" if watch.stopped else "finished")


def sweep(run_id: str, config_json: str, store_url: str) -> None:
    """Computes a map; every row goes to the store as soon as it is made."""
    store, config = _store(store_url), SweepConfig.model_validate_json(config_json)
    if not store.start(run_id, device.label(device.resolve(config.base.device))):
        return
    for row in map_rows(config):
        store.append_frame(run_id, row["seq"], row["seq"] + 1, encode.pack(row))
        if not store.progress(run_id, row["seq"] + 1):
            store.finish(run_id, "cancelled")
            return
    store.finish(run_id, "finished")


class Watch:
    """Between two steps: notes the progress now and then, and hears whether the run should stop."""

    def __init__(self, store: Store, run_id: str) -> None:
        self.store = store
        self.run_id = run_id
        self.stopped = False
        self.next_s = -math.inf

    def on_step(self, steps_done: int) -> bool:
        now = time.monotonic()
        if now < self.next_s:
            return True
        self.next_s = now + PROGRESS_S
        self.stopped = not self.store.progress(self.run_id, steps_done)
        return not self.stopped


@cache
def _store(url: str) -> Store:
    return Store(url)
