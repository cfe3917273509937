"""A server for benchmarks: started from the command line, as the tests do it, with a data directory that is removed with it."""

from __future__ import annotations

import atexit
import contextlib
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import httpx

from tests.conftest import start_server


@dataclass(frozen=True, slots=True)
class Live:
    url: str
    pid: int
    client: httpx.Client
    started_s: float
    """Seconds from its start to its first answer."""


@contextlib.contextmanager
def serving() -> Iterator[Live]:
    """A server whose workers are ready too: one has answered a preview, another has trained."""
    with tempfile.TemporaryDirectory(prefix="sigprop-bench-") as folder:
        begun = time.perf_counter()
        live = start_server(Path(folder) / "data", "--log-level", "error")
        started_s = time.perf_counter() - begun
        try:
            live.client.timeout = 300
            live.client.post("/api/preview", json={}).raise_for_status()
            run = live.client.post("/api/runs", json={"training": {"steps": 1}}).raise_for_status().json()["id"]
            live.client.get(f"/api/runs/{run}/events").raise_for_status()  # which ends when the run does
            yield Live(live.url, live.process.pid, live.client, started_s)
        finally:
            live.stop()


@cache
def server() -> Live:
    """One server for all benchmarks that need not start one; it ends with this process."""
    stack = contextlib.ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(serving())
