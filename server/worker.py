"""What a worker process does. The only module of the server that builds and runs networks; it knows no HTTP."""

from __future__ import annotations

import math
import multiprocessing
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import torch

from models import cost, device, images, mapping
from models.config import RunConfig
from models.datasets import SOURCES
from models.diagnosis import Finding, Severity, Verdict, written
from models.diagnosis.pretrained import pretrained
from models.drawn import Drawn
from models.frame import Frame
from models.initializers import INITIALIZERS
from models.sweep import SweepConfig
from models.theory import Theory, theory_of
from models.training import Run
from server import encode, memory, tensors, trouble
from server.encode import Form
from server.records import Status
from server.settings import Places
from server.store import Store
from server.trouble import TROUBLE, StoreFailed

PROGRESS_S = 0.2
"""Seconds between two times that a run asks whether it is cancelled. Then it also writes its progress, if no frame has told it since: each
write wakes the server and every viewer."""

BEAT_S = 1.0
"""Seconds between two signs of life."""

JUDGED_S = 0.1
"""Seconds between two verdicts on a run that trains, at least."""

DRAWN = Drawn(limit=2**24)
"""The weights of the last preview, up to 64 MiB (models/drawn.py)."""


def prepare(threads: int, niceness: int) -> None:
    """Called once in every worker: sets its memory, threads and niceness, and makes it end when the server ends, however that happens."""
    memory.keep_freed()
    memory.keep_loaded()
    torch.set_num_threads(threads)
    os.nice(niceness)
    threading.Thread(target=_end_with_the_server, daemon=True).start()


def _end_with_the_server() -> None:
    server = multiprocessing.parent_process()
    if server is not None:
        server.join()
        os._exit(1)  # nobody waits for what this computes; its frames so far are in the store


def warm_up() -> None:
    """Computes a small preview, so that the first real one finds everything loaded."""
    preview(RunConfig.model_validate({"network": {"depth": 3, "width": 32}}).canonical(), Places(Path(), Path()))


def preview(config_json: str, places: Places, form: Form = "full") -> bytes:
    """The JSON of a preview (server.records.Preview), its frame in this form."""
    config = RunConfig.model_validate_json(config_json)
    started = begin(config, places, DRAWN)
    frame = next(started.frames())
    said = predict(config, frame)
    findings = [*about_weights(started), *Verdict(config, lambda frame: said).of(frame, trains=False)]
    return encode.dumps({
        "config": config.model_dump(mode="json"), "layers": cost.layers(config, frame["layers"]), "frame": encode.formed(frame, form),
        "theory": said.model_dump(mode="json"), "findings": [finding.model_dump(mode="json") for finding in written(config, findings)],
    })


def begin(config: RunConfig, places: Places, drawn: Drawn | None = None) -> Run:
    """The run before its first step: loads its data and trained weights from files, if it needs any, and builds its network."""
    load_files(config, places.datasets)
    trained = tensors.read(places.weights, config.init.params["source"]) if INITIALIZERS[config.init.name].trained else None
    return Run.start(config, trained, drawn)


def about_weights(started: Run) -> list[Finding]:
    """The finding that says which layers took trained weights; none where the run does not start from trained weights."""
    return [] if started.fit is None else [pretrained(started.config, started.fit)]


def load_files(config: RunConfig, datasets: Path) -> None:
    """Reads the configuration's data set if it is one that comes as files."""
    image_set = SOURCES[config.data.name].images
    if image_set is not None:
        images.load(image_set, datasets / image_set.name)


def predict(config: RunConfig, frame: Frame) -> Theory:
    """Theory for the batch that the frame has measured."""
    return theory_of(config, frame["input"])


@contextmanager
def alive(store: Store, run_id: str) -> Iterator[None]:
    """Within it, a thread writes a sign of life every BEAT_S: one step of a large network may take minutes."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(BEAT_S):
            with suppress(*TROUBLE):  # a store that is busy for long: the next sign will do
                store.beat(run_id)

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def told_in_words() -> Iterator[None]:
    """Within it, errors of the store and of a full disk are raised as StoreFailed, which can be pickled for the server."""
    try:
        yield
    except (*TROUBLE, OSError) as error:
        if isinstance(error, OSError) and not trouble.is_disks(error):
            raise
        raise StoreFailed(trouble.sentence(error)) from error


@told_in_words()
def run(run_id: str, config_json: str, store_url: str, places: Places) -> None:
    """Trains the run's network. Each frame is stored as soon as it is made, and the findings whenever they have changed."""
    store, config = _store(store_url), RunConfig.model_validate_json(config_json)
    load_files(config, places.datasets)
    if store.start(run_id, device.label(device.resolve(config.device)), config.total_steps):
        with alive(store, run_id):
            _train(run_id, config, store, places)


def _train(run_id: str, config: RunConfig, store: Store, places: Places) -> None:
    reporter, started = Reporter(store, run_id), begin(config, places)
    judge = Judge(started)
    loss: float | None = 0.0
    for frame in started.frames(reporter.on_step):
        reporter.keep(frame, judge.changed(frame))
        loss = frame["loss"]
    if config.capture.weights and loss is not None and not reporter.stopped:
        tensors.write(places.weights, run_id, started.network.state_dict())
    status: Status = "diverged" if loss is None else "cancelled" if reporter.stopped else "finished"
    store.finish(run_id, status, steps_done=reporter.steps_done)


@told_in_words()
def sweep(run_id: str, config_json: str, store_url: str, places: Places) -> None:
    """Computes a map. Each row is stored as soon as it is made."""
    store, config = _store(store_url), SweepConfig.model_validate_json(config_json)
    load_files(config.base, places.datasets)
    if store.start(run_id, device.label(device.resolve(config.base.device)), config.sigma_b2.count):
        with alive(store, run_id):
            _map(run_id, config, store)


def _map(run_id: str, config: SweepConfig, store: Store) -> None:
    for row in mapping.rows(config):
        store.append_frame(run_id, row["seq"], row["seq"] + 1, encode.pack(row))
        if not store.progress(run_id, row["seq"] + 1):
            store.finish(run_id, "cancelled")
            return
    store.finish(run_id, "finished")


class Judge:
    """Findings on a run's frames: on the first, on the last, and on those between at most every JUDGED_S."""

    def __init__(self, started: Run) -> None:
        self.config = started.config
        self.verdict = Verdict(started.config, lambda frame: predict(started.config, frame))
        self.of_weights = about_weights(started)
        self.known: list[tuple[str, Severity]] = []
        self.next_s = -math.inf

    def changed(self, frame: Frame) -> list[dict[str, Any]] | None:
        """The findings after this frame, as JSON to be stored; None where their rules and severities have not changed."""
        now, last = time.monotonic(), frame["step"] == self.config.total_steps or frame["loss"] is None
        if now < self.next_s and not last:
            self.verdict.note(frame)
            return None
        self.next_s = now + JUDGED_S
        findings = [*self.of_weights, *self.verdict.of(frame)]
        gist = [(finding.rule, finding.severity) for finding in findings]
        if gist == self.known and not last:
            return None
        self.known = gist
        return [finding.model_dump(mode="json") for finding in written(self.config, findings)]


class Reporter:
    """Writes what becomes of a run: its frames, and between two steps how far it is, every PROGRESS_S. Then it learns whether to stop, too.

    told:       whether a frame, which says how far the run is, has been stored since the last time
    steps_done: where it was stopped, None where it was not
    """

    def __init__(self, store: Store, run_id: str) -> None:
        self.store = store
        self.run_id = run_id
        self.told = False
        self.steps_done: int | None = None
        self.next_s = -math.inf

    @property
    def stopped(self) -> bool:
        return self.steps_done is not None

    def keep(self, frame: Frame, findings: list[dict[str, Any]] | None) -> None:
        """Stores the frame, and the run's findings where they are given."""
        self.store.append_frame(self.run_id, frame["seq"], frame["step"], encode.pack(frame), findings)
        self.told = True

    def on_step(self, steps_done: int) -> bool:
        """False where the run should stop (models.training.OnStep)."""
        now = time.monotonic()
        if now < self.next_s:
            return True
        self.next_s = now + PROGRESS_S
        goes_on = self.store.goes_on(self.run_id) if self.told else self.store.progress(self.run_id, steps_done)
        self.told = False
        if not goes_on:
            self.steps_done = steps_done
        return goes_on


@cache
def _store(url: str) -> Store:
    return Store(url)
