"""Through the server: runs, previews, the bytes of a frame, viewers, the server's start."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx

from benchmarks.live import Live, server, serving
from benchmarks.network import MLP, bare_loop, one_batch
from benchmarks.timing import Case, Result, beside, quantile, seconds
from models.config import RunConfig
from models.training import Run, train
from server.encode import View, dumps, viewed
from server.sse import Body

LOOK_S = 0.5
"""Seconds between two looks whether a run that nobody watches has ended."""


def runs(quick: bool) -> list[Result]:
    """Whole runs with a viewer, against building the network and the bare loop in this process."""
    steps, repeats = (5, 1) if quick else (300, 5)
    live = server()
    return [
        beside(name, partial(watch, live, {**MLP, "capture": capture, "training": {"steps": steps}}),
               lambda: bare_loop(_start(MLP))(steps), goal, repeats)
        for name, capture, goal in ((f"a run of {steps} steps through the server, default capture", {}, 1.08),
                                    ("the same with a frame every step", {"every": 1}, 1.6))]


def watch(live: Live, config: dict[str, Any]) -> None:
    """Runs the configuration anew and reads the run's stream to its end."""
    run = live.client.post("/api/runs", json=config, params={"fresh": True}).raise_for_status().json()["id"]
    with live.client.stream("GET", f"/api/runs/{run}/events", timeout=None) as answer:
        for line in answer.iter_lines():
            if line == "event: end":
                return


def previews(quick: bool) -> list[Result]:
    """Warm previews with their answers decoded, against a bare forward and backward pass; and theory over HTTP."""
    repeats = 1 if quick else 9
    found = []
    live = server()
    deep = {"network": {"depth": 50, "width": 256}}
    for name, config, goal in (("a preview over HTTP, 50 x 256", deep, 2.0),
                               ("the same without a validation part", {**deep, "data": {"validation_fraction": 0.0}}, None),
                               ("a preview over HTTP, the default network", {}, None)):
        run = _start(config)
        inputs, labels = one_batch(run)
        found.append(beside(name, partial(_asked, live, "preview", config), partial(run.backward, inputs, labels), goal, repeats))
    config = {"network": {"depth": 200, "activation": {"name": "tanh"}}}
    times = [1e3 * seconds(partial(_asked, live, f"theory?input_mean_square={1.0 + i / 100}", config)) for i in range(2 if quick else 20)]
    found.append(Result("theory of 200 layers over HTTP", statistics.median(times), "ms", goal=30))
    return found


def _asked(live: Live, what: str, config: dict[str, Any]) -> Any:
    return live.client.post(f"/api/{what}", json=config).raise_for_status().json()


def _start(config: dict[str, Any]) -> Run:
    return Run.start(RunConfig.model_validate(config))


def wire(quick: bool) -> list[Result]:
    """The bytes of a compressed 50-layer frame, in the page's compact form and in full, and of the values that it summarizes."""
    frame = list(train(RunConfig.model_validate({"network": {"depth": 50}, "training": {"steps": 1}})))[-1]
    form = View(form="compact")
    sizes = {view: len(Body.of(viewed(dumps(frame), view), view.level).piece) for view in (form, View())}
    raw = sum(4 * sum(quantity["n"]) for quantity in frame["quantities"].values())
    return [Result("a 50-layer frame, compressed, as the page has it", sizes[form] / 1e3, "kB", goal=25),
            Result("the same with every count", sizes[View()] / 1e3, "kB"), Result("the values it summarizes", raw / 1e3, "kB")]


def viewers(quick: bool) -> list[Result]:
    """Runs with many viewers and with one, against the same that nobody watches, in turn; and how late the frames come."""
    count, steps, repeats = (5, 20, 1) if quick else (200, 600, 5)
    config = {**MLP, "training": {"steps": steps}, "capture": {"every": max(1, steps // 40)}}
    live = server()
    turns = [(watched(live, config, count), watched(live, config, 1), unwatched(live, config)) for _ in range(repeats)]
    many, one, none = zip(*turns, strict=True)
    alone = 1e3 * statistics.median(map(_took_s, none))
    lags, waits = (quantile([s for told in many for s in told[name]], 0.99) for name in ("lags_s", "waits_s"))
    missed = sum(count * told["record"]["frames"] - told["frames"] for told in many)
    return [Result(f"a run with {count} viewers", 1e3 * statistics.median(_took_s(told["record"]) for told in many), "ms", alone, 1.05),
            Result("the same with one viewer", 1e3 * statistics.median(_took_s(told["record"]) for told in one), "ms", alone),
            Result(f"delivery to {count} viewers behind the first, 99 % within", 1e3 * lags, "ms", goal=250),
            Result(f"a stream of {count} begins, 99 % within", 1e3 * waits, "ms"),
            Result("frames that a viewer missed", missed, "frames", goal=0)]


def watched(live: Live, config: dict[str, Any], viewers: int, runs: int = 0) -> dict[str, Any]:
    """A new run's record, and what so many viewers saw of it from another process, while other runs are submitted."""
    told: dict[str, Any] = json.loads(printed("-m", "benchmarks.viewers", live.url, json.dumps(config), str(viewers), str(runs)))
    return told


def unwatched(live: Live, config: dict[str, Any]) -> dict[str, Any]:
    """The record of a new run that nobody watches."""
    record: dict[str, Any] = live.client.post("/api/runs", json=config, params={"fresh": True}).raise_for_status().json()
    while record["finished_at"] is None:
        time.sleep(LOOK_S)
        record = live.client.get(f"/api/runs/{record['id']}").json()
    return record


def _took_s(record: dict[str, Any]) -> float:
    """Seconds from a run's submission to its end."""
    took: float = record["finished_at"] - record["created_at"]
    return took


def start(quick: bool) -> list[Result]:
    """The server from its start to its first healthy answer, and its memory at rest, against `import torch` alone."""
    code = "import torch, pathlib; print(pathlib.Path('/proc/self/status').read_text())"
    begun = time.perf_counter()
    torch_mb = memory_mb(printed("-c", code))
    torch_s = time.perf_counter() - begun
    with serving() as live:
        mb = memory_mb(Path(f"/proc/{live.pid}/status").read_text())
        health = [1e3 * seconds(lambda: httpx.get(f"{live.url}/api/health")) for _ in range(3 if quick else 30)]
        return [Result("server start to healthy, against import torch", 1e3 * live.started_s, "ms", 1e3 * torch_s, 1.8),
                Result("memory of the server at rest, against import torch", mb, "MB", torch_mb, 1.4),
                Result("health, half of all answers within", statistics.median(health), "ms")]


def printed(*arguments: str, environment: Mapping[str, str] = MappingProxyType({})) -> str:
    """What Python prints with these arguments."""
    found = subprocess.run([sys.executable, *arguments], env={**os.environ, **environment}, capture_output=True, text=True, check=True)
    return found.stdout


def memory_mb(status: str, name: str = "VmRSS") -> float:
    """An entry of /proc/PID/status in MB, by default the memory that the process has now."""
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(name)) / 1e3


CASES: dict[str, Case] = {"runs": runs, "previews": previews, "wire": wire, "viewers": viewers, "start": start}
