"""Real servers for the tests: a process of its own, a data directory of its own, a port of its own."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before torch: its threads would spin against the servers' on a busy machine
os.environ.setdefault("GOMP_SPINCOUNT", "0")

from tests import mirror

ROOT = Path(__file__).resolve().parents[1]
START_S = 90
"""Seconds that a server may take to answer: machines that run tests are busy."""


def pytest_collection_modifyitems(items):
    """What takes longest comes first, so that nobody waits for it at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def sent_events(answer):
    """The server-sent events (kind, id, data) of a streamed answer."""
    fields = {}
    for line in answer.iter_lines():
        if line:
            key, _, value = line.partition(": ")
            fields[key] = value
        elif "event" in fields:
            yield fields["event"], fields.get("id"), json.loads(fields["data"])
            fields = {}


@dataclass
class LiveServer:
    """A running server: its process, its address, and a client for it."""

    process: subprocess.Popen
    url: str
    data_dir: Path
    client: httpx.Client

    def events(self, run_id, after=None, last_event_id=None, limit=100_000):
        """The server-sent events (kind, id, data) of a run up to its end."""
        headers = {} if last_event_id is None else {"Last-Event-ID": str(last_event_id)}
        params = {} if after is None else {"after": after}
        with self.client.stream("GET", f"/api/runs/{run_id}/events", params=params, headers=headers, timeout=120) as answer:
            assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/event-stream")
            for kind, seq, data in itertools.islice(sent_events(answer), limit):
                yield kind, seq, data
                if kind == "end":
                    return

    def finished(self, run_id, timeout_s=120):
        """The run's record once it is over."""
        return wait_for(lambda: (record := self.client.get(f"/api/runs/{run_id}").json())["status"] not in ("queued", "running") and record,
                        timeout_s)

    def stop(self, sig=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(sig)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(30)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(30)
        self.client.close()


def in_a_loop(coroutine):
    """What it gives, from a thread of its own: Playwright leaves a running loop in a test process's first one."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, coroutine).result(120)


def wait_for(condition, timeout_s=60.0, every_s=0.05):
    """What the condition gives once it is true."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(every_s)
    raise AssertionError("the condition did not come true in time")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_server(data_dir, *options, env=None, port=None):
    """A server as the command line starts it, once it answers."""
    port = port or free_port()
    log = (data_dir.parent / f"{data_dir.name}.log").open("a")
    process = subprocess.Popen(
        [sys.executable, "-m", "server", "--port", str(port), "--data-dir", str(data_dir), *options],
        cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, env={"SIGPROP_DRAIN_S": "0.5", **os.environ, **(env or {})})
    url = f"http://127.0.0.1:{port}"
    client = httpx.Client(base_url=url, timeout=180)

    def answers():
        assert process.poll() is None, Path(log.name).read_text()[-3000:]
        with contextlib.suppress(httpx.TransportError):
            return client.get("/api/health", timeout=5).status_code == 200
        return False

    wait_for(answers, START_S)
    log.close()
    return LiveServer(process, url, data_dir, client)


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Tests compute in one thread, servers in theirs: on small matrices threads wait for each other, and tests run beside tests."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A server that the tests of a session share; they leave it running. MNIST it has from a mirror made here, not from afar."""
    folder = tmp_path_factory.mktemp("shared")
    mirror.make_mnist(folder / "mirror")
    live = start_server(folder / "data", "--dataset-mirror", str(folder / "mirror"))
    yield live
    live.stop()


@pytest.fixture
def own_server(tmp_path):
    """Starts servers that a test may harm: `own_server("--option", "value")`; a second call uses the same data."""
    started = []

    def start(*options, **more):
        started.append(start_server(tmp_path / "data", *options, **more))
        return started[-1]

    yield start
    for live in started:
        live.stop()
