"""The benchmarks. Each takes whether it should be quick, and gives a Result."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterable
from typing import Any

import httpx
import orjson
import torch

from benchmarks.timing import Result, beside, seconds
from models.config import RunConfig
from models.network import build
from models.sweep import SweepConfig, as_run, sweep
from models.training import Run, initial_frame, train

PORT = 8791
"""Where the benchmarked server listens."""

MLP = {"network": {"depth": 20, "width": 256}, "data": {"validation_fraction": 0.0}}


def training(config: dict[str, Any], goal: float, name: str) -> Callable[[bool], Result]:
    """A run with its frames against the bare loop of the same network on the same batches."""

    def measure(quick: bool) -> Result:
        steps = 4 if quick else 30
        parsed = RunConfig.model_validate({**config, "training": {"steps": steps}})
        bare = Run.start(parsed)
        inputs, labels = bare.data.inputs[: parsed.batch_size], bare.data.labels[: parsed.batch_size]

        def loop() -> None:
            for _ in range(steps + 1):
                bare.backward(inputs, labels)
                bare.optimizer.step()

        return beside(name, lambda: _exhaust(train(parsed)), loop, goal, 1 if quick else 5)

    return measure


def wire(quick: bool) -> Result:
    """A 50-layer frame compressed, against the raw values that it summarizes."""
    config = RunConfig.model_validate({"network": {"depth": 50}, "training": {"steps": 1}})
    frame = list(train(config))[-1]
    packed = len(zlib.compress(orjson.dumps(frame), 6))
    raw = sum(4 * sum(quantity["n"]) for quantity in frame["quantities"].values())
    return Result("a 50-layer frame on the wire", packed / 1e3, raw / 1e3, "kB", None)


def grid(quick: bool) -> Result:
    """A measured map as one batched job, against as many networks built and run one at a time."""
    count = 3 if quick else 12
    config = SweepConfig.model_validate({
        "base": {"network": {"depth": 50, "width": 200, "activation": {"name": "tanh"}}, "data": {"name": "gaussian", "batch_size": 16}},
        "sigma_w2": {"low": 0.5, "high": 3.0, "count": count}, "sigma_b2": {"low": 0.0, "high": 0.3, "count": count}})
    batch = torch.randn(16, 200)

    def one_at_a_time() -> None:
        for sigma_b2 in config.sigma_b2.values():
            for sigma_w2 in config.sigma_w2.values():
                network = build(RunConfig.model_validate(as_run(config, sigma_w2, sigma_b2)), torch.device("cpu"))
                torch.nn.functional.cross_entropy(network(batch), torch.zeros(16, dtype=torch.long)).backward()

    return beside(f"a {count} x {count} map, batched", lambda: _exhaust(sweep(config)), one_at_a_time, 0.25, 1 if quick else 3)


def deep(quick: bool) -> Result:
    """A preview of a very deep delta-orthogonal CNN against its bare forward and backward pass."""
    depth = 300 if quick else 3000
    config = RunConfig.model_validate({
        "network": {"kind": "cnn", "depth": depth, "width": 16, "activation": {"name": "tanh"}}, "init": {"name": "delta_orthogonal"},
        "data": {"batch_size": 32, "validation_fraction": 0.0}})
    bare = Run.start(config)
    inputs, labels = bare.data.inputs[:32], bare.data.labels[:32]
    return beside(f"a preview of {depth} layers, with its building", lambda: initial_frame(config),
                  lambda: bare.backward(inputs, labels), None, 1 if quick else 3)


def start(quick: bool) -> Result:
    """The server from its start to its first healthy answer, against `import torch` alone."""
    torch_s = seconds(lambda: subprocess.run([sys.executable, "-c", "import torch"], check=True))
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        options = ["--port", str(PORT), "--data-dir", folder, "--log-level", "error"]
        server = subprocess.Popen([sys.executable, "-m", "server", *options])
        try:
            while not _healthy(f"http://127.0.0.1:{PORT}"):
                time.sleep(0.02)
            return Result("server start to healthy", 1e3 * (time.perf_counter() - begun), 1e3 * torch_s, "ms", 1.8)
        finally:
            server.terminate()
            server.wait(60)


def _healthy(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/health", timeout=1).status_code == 200
    except httpx.TransportError:
        return False


def _exhaust(items: Iterable[object]) -> None:
    for _ in items:
        pass


CASES: tuple[Callable[[bool], Result], ...] = (
    training({**MLP, "capture": {"every": 1}}, 1.30, "a frame every step, 20 x 256 MLP"),
    training({**MLP, "capture": {"every": 1, "samples": "all"}}, 1.8, "the same, exact histograms"),
    training(MLP, 1.08, "default capture, 20 x 256 MLP"),
    training({"network": {"kind": "cnn", "depth": 20, "width": 64}, "capture": {"every": 1}, "data": {"validation_fraction": 0.0}}, 1.2,
             "a frame every step, 20 x 64 CNN"),
    wire, grid, deep, start,
)
