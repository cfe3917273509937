"""Workers that die, servers that stop, queues that fill: with real processes and real signals."""

import contextlib
import os
import re
import resource
import signal
import socket
from pathlib import Path

import httpx
import pytest

from tests.conftest import start_server, wait_for
from tests.processes import descendants, fork_server_below, gone, trainer_below, workers_below

LONG = {"network": {"depth": 6, "width": 64}, "training": {"steps": 1_000_000}, "capture": {"every": 1000}}
SHORT = {"network": {"depth": 2, "width": 8}, "training": {"steps": 3}}


def running(server, run):
    return wait_for(lambda: (record := server.client.get(f"/api/runs/{run}").json())["steps_done"] > 0 and record)


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """A server that was killed with a run that ran and one that waited, started again: the server, and the two runs."""
    data = tmp_path_factory.mktemp("killed") / "data"
    first = start_server(data, "--run-workers", "1")
    ran, waited = (first.client.post("/api/runs", json={**config, "seed": 5}).json()["id"] for config in (LONG, SHORT))
    running(first, ran)
    assert first.client.get(f"/api/runs/{waited}").json()["queue_position"] == 0
    workers = descendants(first.process.pid)
    first.stop(signal.SIGKILL)
    wait_for(lambda: gone(workers))
    again = start_server(data, "--run-workers", "2", "--threads", "1", "--max-queue", "1")
    again.finished(waited)  # its place in the queue is the only one
    yield again, ran, waited
    again.stop()


def test_after_a_kill_of_the_server_nothing_is_stuck_and_nobody_is_orphaned(killed):
    server, ran, waited = killed
    assert server.finished(waited)["status"] == "finished"
    record = server.client.get(f"/api/runs/{ran}").json()
    assert record["status"] == "failed" and record["error"].startswith("interrupted") and record["frames"] > 0


@pytest.fixture
def two_running(killed):
    """The server with two long runs, each in a worker of its own: the server, the runs, and the first run's worker."""
    server, *_ = killed
    first = server.client.post("/api/runs", json=LONG, params={"fresh": True}).json()["id"]
    running(server, first)
    worker = trainer_below(server.process.pid)
    second = server.client.post("/api/runs", json={**LONG, "seed": 1}, params={"fresh": True}).json()["id"]
    running(server, second)
    yield server, first, second, worker
    for run in (first, second):
        server.client.post(f"/api/runs/{run}/cancel")
        server.finished(run)


def test_a_killed_worker_fails_its_run_alone_and_is_replaced(two_running):
    server, first, second, worker = two_running
    before = running(server, second)
    events = server.events(first)
    assert next(events)[0] == "status"
    os.kill(worker, signal.SIGKILL)
    kind, _, told = list(events)[-1]
    assert kind == "end" and told["status"] == "failed" and "unexpectedly" in told["error"] and told["frames"] > 0
    frames = server.client.get(f"/api/runs/{first}/frames").json()["frames"]
    assert [frame["seq"] for frame in frames] == list(range(told["frames"]))
    after = server.client.post("/api/runs", json=SHORT).json()["id"]
    assert server.finished(after)["status"] == "finished"
    assert server.client.post("/api/preview", json=SHORT).status_code == 200
    wait_for(lambda: (record := server.client.get(f"/api/runs/{second}").json())["steps_done"] > before["steps_done"] and record)
    assert server.client.get(f"/api/runs/{second}").json()["status"] == "running"


def test_a_fork_server_that_dies_is_replaced_with_its_workers_even_if_the_next_one_dies_too(killed):
    server, *_ = killed
    run = server.client.post("/api/runs", json={**LONG, "seed": 6}).json()["id"]
    running(server, run)
    first, workers = fork_server_below(server.process.pid), workers_below(server.process.pid)
    os.kill(first, signal.SIGKILL)
    before = running(server, run)
    os.kill(wait_for(lambda: (pid := fork_server_below(server.process.pid)) != first and pid), signal.SIGKILL)  # while it loads PyTorch
    wait_for(lambda: server.client.get(f"/api/runs/{run}").json()["steps_done"] > before["steps_done"])  # a run does not notice
    server.client.post(f"/api/runs/{run}/cancel")
    assert server.finished(run)["status"] == "cancelled"
    wait_for(lambda: gone([first, *workers]))
    assert server.client.post("/api/preview", json=SHORT).status_code == 200
    after = server.client.post("/api/runs", json={**SHORT, "seed": 6}).json()["id"]
    assert server.finished(after)["status"] == "finished"


def test_a_full_queue_answers_429_and_a_cancelled_run_in_it_never_starts(two_running):
    server, first, second, _ = two_running
    waiting = server.client.post("/api/runs", json={**SHORT, "seed": 1}).json()
    assert waiting["status"] == "queued"
    refused = server.client.post("/api/runs", json={**SHORT, "seed": 2})
    assert refused.status_code == 429 and int(refused.headers["retry-after"]) > 0
    assert refused.headers["content-type"] == "application/problem+json"
    assert server.client.post(f"/api/runs/{waiting['id']}/cancel").json()["status"] == "cancelled"
    for run in (first, second):
        server.client.post(f"/api/runs/{run}/cancel")
        assert server.finished(run)["status"] == "cancelled"
    assert server.client.get(f"/api/runs/{waiting['id']}").json()["started_at"] is None


def test_two_servers_give_the_same_run_the_same_id_and_numbers(killed, server):
    other, *_ = killed
    records = [live.client.post("/api/runs", json={**SHORT, "seed": 99}).json() for live in (server, other)]
    assert records[0]["id"] == records[1]["id"]
    losses = [[frame["loss"] for kind, _, frame in live.events(record["id"]) if kind == "frame"]
              for live, record in zip((server, other), records, strict=True)]
    assert losses[0] == losses[1]


def test_a_network_that_does_not_fit_into_memory_fails_alone(own_server):
    """Its estimate did; the processes are left 200 MB beyond what they have."""
    server = own_server("--run-workers", "1")
    assert server.client.post("/api/preview", json=SHORT).status_code == 200
    workers = wait_for(lambda: len(found := workers_below(server.process.pid)) == 2 and found)
    for worker in workers:
        size = next(int(line.split()[1]) << 10 for line in Path(f"/proc/{worker}/status").read_text().splitlines() if "VmSize" in line)
        resource.prlimit(worker, resource.RLIMIT_AS, (size + 200_000_000,) * 2)
    large = {"network": {"depth": 40, "width": 2048}, "training": {"steps": 3}}
    refused = server.client.post("/api/preview", json=large)
    assert refused.status_code == 503 and "did not fit into the memory" in refused.json()["detail"]
    run = server.client.post("/api/runs", json=large).json()["id"]
    record = server.finished(run)
    assert record["status"] == "failed" and "did not fit into the memory" in record["error"]
    after = server.client.post("/api/runs", json=SHORT).json()["id"]
    assert server.finished(after)["status"] == "finished"
    assert server.client.post("/api/preview", json=SHORT).status_code == 200
    assert sorted(workers_below(server.process.pid)) == sorted(workers)


def test_viewers_who_stop_reading_cost_a_bounded_buffer_and_miss_nothing(server):
    """1,000 frames, 20 MB, go to a viewer who reads, and to three who read nothing until the run is over, and then get them all."""
    config = {"network": {"depth": 6, "width": 16}, "training": {"steps": 1000}, "capture": {"every": 1}}
    first, run = (server.client.post("/api/runs", json={**config, "seed": seed}).json()["id"] for seed in (76, 77))
    assert sum(kind == "frame" for kind, *_ in server.events(first)) == 1001  # what one viewer takes, it takes once
    before, address = resident(server.process.pid), httpx.URL(server.url)
    with contextlib.ExitStack() as lines:
        late = [lines.enter_context(socket.create_connection((address.host, address.port), timeout=60)) for _ in range(3)]
        for line in late:
            line.sendall(f"GET /api/runs/{run}/events HTTP/1.1\r\nHost: {address.netloc.decode()}\r\nConnection: close\r\n\r\n".encode())
        seen = [frame["seq"] for kind, _, frame in server.events(run) if kind == "frame"]
        assert seen == list(range(1001))
        assert resident(server.process.pid) < before + 15_000_000
        for line in late:
            text = b"".join(iter(lambda line=line: line.recv(1 << 20), b""))
            assert [int(number) for number in re.findall(rb'"seq":(\d+),"step"', text)] == seen
            assert b"event: end" in text and len(text) > 15_000_000


def resident(pid):
    """Bytes of memory that the process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
