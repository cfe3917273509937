"""Workers that die, servers that stop, queues that fill: with real processes and real signals."""

import os
import signal

from tests.conftest import wait_for
from tests.processes import descendants, gone, trainer_below

LONG = {"network": {"depth": 6, "width": 64}, "training": {"steps": 1_000_000}, "capture": {"every": 1000}}
SHORT = {"network": {"depth": 2, "width": 8}, "training": {"steps": 3}}


def running(server, run):
    return wait_for(lambda: (record := server.client.get(f"/api/runs/{run}").json())["steps_done"] > 0 and record)


def test_a_killed_worker_fails_its_run_alone_and_is_replaced(own_server):
    server = own_server()
    run = server.client.post("/api/runs", json=LONG).json()["id"]
    running(server, run)
    os.kill(wait_for(lambda: trainer_below(server.process.pid)), signal.SIGKILL)
    record = server.finished(run)
    assert record["status"] == "failed" and "unexpectedly" in record["error"] and record["frames"] > 0
    frames = server.client.get(f"/api/runs/{run}/frames").json()["frames"]
    assert [frame["seq"] for frame in frames] == list(range(record["frames"]))
    after = server.client.post("/api/runs", json=SHORT).json()["id"]
    assert server.finished(after)["status"] == "finished"
    assert server.client.post("/api/preview", json=SHORT).status_code == 200


def test_other_runs_and_viewers_of_a_killed_one_are_told_or_undisturbed(own_server):
    server = own_server("--run-workers", "2", "--threads", "1")
    first = server.client.post("/api/runs", json=LONG).json()["id"]
    running(server, first)
    victim = trainer_below(server.process.pid)
    second = server.client.post("/api/runs", json={**LONG, "seed": 1}).json()["id"]
    before = running(server, second)
    events = server.events(first)
    assert next(events)[0] == "status"
    os.kill(victim, signal.SIGKILL)
    kind, _, told = list(events)[-1]
    assert kind == "end" and told["status"] == "failed" and "unexpectedly" in told["error"]
    third = server.client.post("/api/runs", json=SHORT).json()["id"]
    assert server.finished(third)["status"] == "finished"
    wait_for(lambda: (record := server.client.get(f"/api/runs/{second}").json())["steps_done"] > before["steps_done"] and record)
    assert server.client.get(f"/api/runs/{second}").json()["status"] == "running"


def test_after_a_kill_of_the_server_nothing_is_stuck_and_nobody_is_orphaned(own_server):
    server = own_server()
    ran = server.client.post("/api/runs", json=LONG).json()["id"]
    waited = server.client.post("/api/runs", json=SHORT).json()["id"]
    running(server, ran)
    assert server.client.get(f"/api/runs/{waited}").json()["queue_position"] == 0
    workers = descendants(server.process.pid)
    server.stop(signal.SIGKILL)
    wait_for(lambda: gone(workers))
    again = own_server()
    assert again.finished(waited)["status"] == "finished"
    record = again.client.get(f"/api/runs/{ran}").json()
    assert record["status"] == "failed" and record["error"].startswith("interrupted") and record["frames"] > 0


def test_sigterm_ends_everything_with_exit_code_0(own_server):
    server = own_server()
    running(server, server.client.post("/api/runs", json=LONG).json()["id"])
    workers = descendants(server.process.pid)
    server.stop(signal.SIGTERM)
    assert server.process.returncode == 0
    wait_for(lambda: gone(workers))


def test_a_full_queue_answers_429(own_server):
    server = own_server("--max-queue", "1")
    running(server, server.client.post("/api/runs", json=LONG).json()["id"])
    assert server.client.post("/api/runs", json={**SHORT, "seed": 1}).status_code == 201
    refused = server.client.post("/api/runs", json={**SHORT, "seed": 2})
    assert refused.status_code == 429 and int(refused.headers["retry-after"]) > 0
    assert refused.headers["content-type"] == "application/problem+json"


def test_a_cancelled_run_in_the_queue_never_starts(own_server):
    server = own_server()
    first = server.client.post("/api/runs", json=LONG).json()["id"]
    running(server, first)
    waiting = server.client.post("/api/runs", json=SHORT).json()["id"]
    assert server.client.post(f"/api/runs/{waiting}/cancel").json()["status"] == "cancelled"
    server.client.post(f"/api/runs/{first}/cancel")
    assert server.finished(first)["status"] == "cancelled"
    assert server.client.get(f"/api/runs/{waiting}").json()["started_at"] is None


def test_two_servers_give_the_same_run_the_same_id_and_numbers(own_server, server):
    other = own_server()
    records = [live.client.post("/api/runs", json={**SHORT, "seed": 99}).json() for live in (server, other)]
    assert records[0]["id"] == records[1]["id"]
    losses = [[frame["loss"] for kind, _, frame in live.events(record["id"]) if kind == "frame"]
              for live, record in zip((server, other), records, strict=True)]
    assert losses[0] == losses[1]
