"""A server that is told to stop, and workers that hang: with real processes and real signals."""

import os
import signal
from contextlib import closing

import pytest

from server.store import Store
from tests.conftest import wait_for
from tests.server.test_api import problem
from tests.server.test_faults import LONG, SHORT, descendants, gone, running, trainer_below

pytestmark = pytest.mark.slow

SOME_SECONDS = {**LONG, "training": {"steps": 2000}}


def records(data_dir, *ids):
    """What the store says of the runs, once its server has gone."""
    with closing(Store(f"sqlite:///{data_dir / 'sigprop.db'}")) as store:
        return [store.get(run_id) for run_id in ids]


def test_a_server_that_is_told_to_stop_takes_no_runs_and_ends_those_it_has(own_server):
    server = own_server(env={"SIGPROP_DRAIN_S": "4"})
    ran, waited = (server.client.post("/api/runs", json=config).json()["id"] for config in (LONG, SHORT))
    running(server, ran)
    workers = descendants(server.process.pid)
    server.process.send_signal(signal.SIGTERM)
    wait_for(lambda: server.client.get("/api/health").json()["ready"] is False)
    for path, body in (("/api/runs", {**SHORT, "seed": 1}), ("/api/runs/over-seeds?count=2", {**SHORT, "seed": 2})):
        refused = server.client.post(path, json=body)
        assert "stopped" in problem(refused, 503)["detail"] and int(refused.headers["retry-after"]) > 0
    assert server.client.post("/api/runs", json=LONG).json()["id"] == ran  # what is known is not new
    assert [kind for kind, _, _ in server.events(ran)][-1] == "end"  # who watches sees it end
    assert server.process.wait(120) == 0
    wait_for(lambda: gone(workers))
    cancelled, left = records(server.data_dir, ran, waited)
    assert cancelled.status == "cancelled" and "server was stopped" in cancelled.error and cancelled.frames > 0
    assert left.status == "queued"
    again = own_server(env={"SIGPROP_DRAIN_S": "120"})
    assert again.finished(waited)["status"] == "finished"
    short_enough = again.client.post("/api/runs", json=SOME_SECONDS).json()["id"]
    running(again, short_enough)
    again.process.send_signal(signal.SIGTERM)
    assert again.process.wait(120) == 0
    (finished,) = records(again.data_dir, short_enough)
    assert finished.status == "finished" and finished.steps_done == 2000


def test_a_worker_that_hangs_is_replaced(own_server):
    server = own_server("--heartbeat-s", "6")
    run = server.client.post("/api/runs", json=LONG).json()["id"]
    running(server, run)
    worker = trainer_below(server.process.pid)
    os.kill(worker, signal.SIGSTOP)
    record = server.finished(run)
    assert record["status"] == "failed" and "no sign of life for 6 s" in record["error"] and record["frames"] > 0
    wait_for(lambda: gone([worker]))
    after = server.client.post("/api/runs", json=SHORT).json()["id"]
    assert server.finished(after)["status"] == "finished"
