"""A server for benchmarks: the command line's own, on a port of its own, with a folder that goes with it."""

from __future__ import annotations

import atexit
import contextlib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import httpx

START_S = 120.0


@dataclass(frozen=True, slots=True)
class Live:
    url: str
    pid: int
    client: httpx.Client
    started_s: float
    """Seconds from its start to its first answer."""


@contextlib.contextmanager
def serving(*options: str) -> Iterator[Live]:
    """A server that is ready: its workers too have answered once."""
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="sigprop-bench-") as folder:
        begun = time.perf_counter()
        command = [sys.executable, "-m", "server", "--port", str(port), "--data-dir", folder, "--log-level", "error", *options]
        process = subprocess.Popen(command)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=300) as client:
                while not _answers(client) and time.perf_counter() - begun < START_S:
                    time.sleep(0.02)
                started_s = time.perf_counter() - begun
                client.post("/api/preview", json={}).raise_for_status()
                yield Live(str(client.base_url).rstrip("/"), process.pid, client, started_s)
        finally:
            process.terminate()
            process.wait(60)


@cache
def server() -> Live:
    """One server for all benchmarks that need not start one; it ends with this process."""
    stack = contextlib.ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(serving())


def _answers(client: httpx.Client) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return client.get("/api/health", timeout=1).status_code == 200
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number
