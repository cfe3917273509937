"""Fifty kills at random: what anybody has seen stays, nothing is stuck, and nobody is left behind."""

import contextlib
import json
import os
import random
import signal
import threading
import time

import httpx
import pytest

from tests.conftest import wait_for
from tests.processes import descendants, gone, workers_below

KILLS = ["worker"] * 48 + ["server"] * 2
LIVE = 3
"""Runs that wait or run at any time, for two workers."""

LIVE_STATUSES = ("queued", "running")


class Viewer(threading.Thread):
    """Somebody who watches a run to its end, and comes back whenever the connection is lost."""

    def __init__(self, url, run):
        super().__init__(daemon=True)
        self.url, self.run_id = f"{url}/api/runs/{run}/events", run
        self.frames = []
        self.end = None
        self.start()

    def run(self):
        while self.end is None:
            with contextlib.suppress(httpx.TransportError):
                self.watch()
            time.sleep(0.05)

    def watch(self):
        after = self.frames[-1]["seq"] if self.frames else -1
        with httpx.stream("GET", self.url, headers={"Last-Event-ID": str(after)}, timeout=10) as answer:
            kind = None
            for line in answer.iter_lines():
                if line.startswith("event: "):
                    kind = line.removeprefix("event: ")
                elif line.startswith("data: ") and kind == "frame":
                    self.frames.append(json.loads(line.removeprefix("data: ")))
                elif line.startswith("data: ") and kind == "end":
                    self.end = json.loads(line.removeprefix("data: "))


def endless(seed):
    """A run that does not end by itself, with a frame every few milliseconds."""
    return {"network": {"depth": 2, "width": 8}, "data": {"name": "gaussian", "batch_size": 16}, "training": {"steps": 200_000},
            "capture": {"every": 50, "bins": 8}, "seed": seed}


def keep_busy(server, viewers):
    """Submits runs, each with a viewer, until so many wait or run. (By a connection of its own: workers may take so long to come back that
    the server closes the one that was used before, just then.)"""
    with httpx.Client(base_url=server.url, timeout=60) as client:
        live = sum(client.get("/api/health").json()[status] for status in LIVE_STATUSES)
        for _ in range(LIVE - live):
            run = client.post("/api/runs", json=endless(len(viewers))).json()["id"]
            viewers.append(Viewer(server.url, run))


class Victim:
    """A server that is killed and started again on the same port with the same data."""

    def __init__(self, start):
        self.options = ("--run-workers", "2", "--threads", "1")
        self.start = start
        self.live = start(*self.options)
        self.port = int(self.live.url.rsplit(":", 1)[1])
        self.processes = set()

    def workers(self):
        """Its workers, once all of them are there; asked for by a connection of its own, as in keep_busy."""
        wait_for(lambda: httpx.get(f"{self.live.url}/api/health", timeout=60).json()["ready"])
        found = wait_for(lambda: len(pids := workers_below(self.live.process.pid)) >= 3 and pids)
        self.processes |= set(descendants(self.live.process.pid))
        return found

    def stop(self, sig):
        """Ends it; whatever it ever started must end too."""
        self.processes |= set(descendants(self.live.process.pid))
        self.live.stop(sig)
        wait_for(lambda: gone(self.processes))

    def kill_it(self):
        self.stop(signal.SIGKILL)
        self.live = self.start(*self.options, port=self.port)


def nobody_computes(victim):
    """Workers that die while they wait are replaced too."""
    for worker in victim.workers():
        os.kill(worker, signal.SIGKILL)
    server = victim.live
    assert server.client.post("/api/preview", json=endless(0)).status_code == 200
    run = server.client.post("/api/runs", json={**endless(0), "training": {"steps": 4}}).json()["id"]
    assert server.finished(run)["status"] == "finished"


@pytest.mark.slow
@pytest.mark.timeout(1500)  # minutes on a busy machine
def test_fifty_random_kills_lose_nothing_that_was_seen(own_server):
    dice = random.Random(6)
    victim, viewers = Victim(own_server), []
    nobody_computes(victim)
    for kill in dice.sample(KILLS, len(KILLS)):
        workers = victim.workers()
        keep_busy(victim.live, viewers)
        time.sleep(dice.uniform(0, 0.7))
        if kill == "server":
            victim.kill_it()
        else:
            with contextlib.suppress(ProcessLookupError):
                os.kill(dice.choice(workers), signal.SIGKILL)
    server = victim.live
    wait_for(lambda: server.client.get("/api/health").json()["ready"])
    for viewer in viewers:
        server.client.post(f"/api/runs/{viewer.run_id}/cancel")
    wait_for(lambda: all(viewer.end for viewer in viewers))
    assert sum(len(viewer.frames) for viewer in viewers) > 10
    for viewer in viewers:
        record = server.client.get(f"/api/runs/{viewer.run_id}").json()
        assert record["status"] in ("failed", "cancelled", "finished") and record == viewer.end
        stored = server.client.get(f"/api/runs/{viewer.run_id}/export.json").json()["frames"]
        assert viewer.frames == stored and [frame["seq"] for frame in stored] == list(range(record["frames"]))
    short = server.client.post("/api/runs", json={**endless(0), "training": {"steps": 3}}).json()["id"]
    assert server.finished(short)["status"] == "finished"
    assert server.client.post("/api/preview", json=endless(0)).status_code == 200
    victim.stop(signal.SIGTERM)
