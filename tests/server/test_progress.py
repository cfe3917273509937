"""How far a run is, in a real store: a frame tells it, else it is written by itself; and a run that is to stop learns it either way."""

from __future__ import annotations

import pytest

from models.config import RunConfig
from models.training import initial_frame
from server import worker
from server.store import NewRun, Store


@pytest.fixture
def running(tmp_path, monkeypatch):
    """(a store with a run that runs, its reporter, which asks after every step)."""
    monkeypatch.setattr(worker, "PROGRESS_S", 0.0)
    store = Store(f"sqlite:///{tmp_path / 'runs.db'}")
    store.open()
    store.create(NewRun("run", "run", "run", "{}", "0", 9, []))
    store.start("run", "cpu", 9)
    yield store, worker.Reporter(store, "run")
    store.close()


@pytest.fixture(scope="module")
def frame():
    return {**initial_frame(RunConfig.model_validate({"network": {"depth": 2, "width": 8}})), "step": 3}


def test_only_what_no_frame_has_told_is_written(running, frame):
    store, reporter = running
    reporter.keep(frame, None)
    assert store.get("run").steps_done == 3
    known = store.version()
    assert reporter.on_step(4) and store.version() == known and store.get("run").steps_done == 3  # nobody is woken
    assert reporter.on_step(5) and store.version() != known and store.get("run").steps_done == 5


@pytest.mark.parametrize("told", [True, False])
def test_a_run_that_is_cancelled_stops_at_the_next_step_and_says_where(running, frame, told):
    store, reporter = running
    if told:
        reporter.keep(frame, None)
    store.request_cancel("run")
    assert not reporter.on_step(5) and reporter.stopped and reporter.steps_done == 5
    store.finish("run", "cancelled", steps_done=reporter.steps_done)
    assert (store.get("run").status, store.get("run").steps_done) == ("cancelled", 5)
