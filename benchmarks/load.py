"""The server under load: 200 viewers and 50 submitted runs in the same moment; and a soak, one class after another, with the server's
memory minute by minute."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from itertools import count
from pathlib import Path

import httpx

from benchmarks.live import Live, server, serving
from benchmarks.network import MLP, SMALL
from benchmarks.service import memory_mb, watched
from benchmarks.timing import Case, Result, quantile, seconds

PROBE_S = 0.05
"""Seconds between two requests for the server's health."""

LESSON = {"network": {"depth": 10, "width": 64}, "training": {"steps": 60}, "capture": {"every": 1}}


def load(quick: bool) -> list[Result]:
    """Viewers of one run and submitted runs, all at once from another process; and how fast health is answered meanwhile."""
    viewers, runs, steps = (5, 3, 20) if quick else (200, 50, 600)
    live = server()
    config = {**MLP, "network": SMALL if quick else MLP["network"], "training": {"steps": steps}, "capture": {"every": max(1, steps // 40)}}
    before_mb = _memory_mb(live)
    with probing(live) as health_s:
        told = watched(live, config, viewers, runs)
        while any(live.client.get("/api/health").json()[status] for status in ("queued", "running")):
            time.sleep(PROBE_S)
    wrong = [status for status, retry, _ in told["submitted"] if status != 201 and not (status == 429 and retry)]
    who = f"{viewers} viewers and {runs} runs at once"
    return [Result(f"{who}: frames that a viewer missed", viewers * told["record"]["frames"] - told["frames"], "frames", goal=0),
            Result(f"{who}: delivery behind the first, 99 % within", 1e3 * quantile(told["lags_s"], 0.99), "ms"),
            Result(f"{who}: a stream begins, 99 % within", 1e3 * quantile(told["waits_s"], 0.99), "ms"),
            Result(f"{who}: runs neither taken nor told when to come back", len(wrong), "runs", goal=0),
            Result(f"{who}: the slowest answer to a new run", 1e3 * max(seconds for _, _, seconds in told["submitted"]), "ms"),
            Result(f"{who}: health meanwhile, 99 % within", 1e3 * quantile(health_s, 0.99), "ms", goal=50),
            Result(f"{who}: memory of the server, against before", _memory_mb(live), "MB", before_mb)]


def soak(quick: bool, minutes: float) -> list[Result]:
    """One class after another for so many minutes, on a server of its own. (A quick run takes a second, on the server of the other
    cases.)"""
    length_s = 1.0 if quick else 60 * minutes
    memory: list[tuple[float, float]] = []
    with nullcontext(server()) if quick else serving() as live, probing(live) as health_s:
        begun = time.monotonic()
        for seed in count():
            lesson(live, seed, 3 if quick else 20)
            memory.append((time.monotonic() - begun, _memory_mb(live)))
            if memory[-1][0] > length_s:
                break
    by_minute = {int(at // 60): mb for at, mb in memory}
    settled = [mb for at, mb in memory if at >= length_s / 4] or [memory[-1][1]]
    first, last = settled[: max(1, len(settled) // 3)], settled[-max(1, len(settled) // 3):]
    return [*(Result(f"soak: memory of the server after minute {minute + 1}", mb, "MB") for minute, mb in by_minute.items()),
            Result("soak: memory in the last quarter, against the second", statistics.median(last), "MB", statistics.median(first), 1.05),
            Result(f"soak: health over {len(memory)} lessons, 99 % within", 1e3 * quantile(health_s, 0.99), "ms", goal=50)]


def lesson(live: Live, seed: int, viewers: int) -> None:
    """One class: a run that many watch, while previews, theory and the list of runs are asked for; then the run is exported."""
    with ThreadPoolExecutor(1) as aside:
        watching = aside.submit(watched, live, {**LESSON, "seed": seed}, viewers)
        _asked_for(live, seed)
    live.client.get(f"/api/runs/{watching.result()['record']['id']}/export.json").raise_for_status()


def _asked_for(live: Live, seed: int) -> None:
    for depth in range(5, 30, 5):
        for what in ("preview", "theory"):
            live.client.post(f"/api/{what}", json={"network": {"depth": depth}, "seed": seed}).raise_for_status()
    live.client.get("/api/runs").raise_for_status()


@contextmanager
def probing(live: Live) -> Iterator[list[float]]:
    """Within it, asks for the server's health every PROBE_S; the list has the seconds that each answer took."""
    found: list[float] = []
    done = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=live.url, timeout=60) as client:
            while not found or not done.wait(PROBE_S):
                found.append(seconds(lambda: client.get("/api/health").raise_for_status()))

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield found
    finally:
        done.set()
        thread.join()


def _memory_mb(live: Live) -> float:
    return memory_mb(Path(f"/proc/{live.pid}/status").read_text())


CASES: dict[str, Case] = {"load": load}
