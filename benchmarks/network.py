"""Without a server: training with its measurements, against the bare training loop."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.timing import Case, Result, beside
from models import mapping
from models.config import RunConfig
from models.network import build
from models.sweep import SweepConfig, as_run
from models.training import Run, initial_frame, train

MLP = {"network": {"depth": 20, "width": 256}, "data": {"validation_fraction": 0.0}}
CNN = {"network": {"kind": "cnn", "depth": 20, "width": 64}, "data": {"validation_fraction": 0.0}}

SMALL = {"depth": 3, "width": 8}
"""The network of MLP and CNN in a quick run."""


def bare_loop(run: Run) -> Callable[[int], None]:
    """A function that makes so many plain training steps, all on one batch."""
    inputs, labels = one_batch(run)

    def loop(steps: int) -> None:
        for _ in range(steps):
            run.backward(inputs, labels)
            run.optimizer.step()

    return loop


def one_batch(run: Run) -> tuple[Tensor, Tensor]:
    """The first examples, as the network sees them."""
    size = run.config.batch_size
    return run.data.values(run.data.inputs[:size]), run.data.labels[:size]


def training(config: dict[str, Any], goal: float, name: str, full: int = 60) -> Case:
    """A benchmark: a run of `full` steps with its frames, against building the same network and training it in the bare loop."""

    def measure(quick: bool) -> list[Result]:
        steps = 2 if quick else full
        network = {**config["network"], **(SMALL if quick else {})}
        parsed = RunConfig.model_validate({**config, "network": network, "training": {"steps": steps}})
        size = f"{network['depth']} x {network['width']}"
        return [beside(f"{name}, {size}, {steps} steps", lambda: exhaust(train(parsed)),
                       lambda: bare_loop(Run.start(parsed))(steps + 1), goal, 1 if quick else 5)]

    return measure


def _watchable(quick: bool) -> tuple[int, Run, Tensor, Tensor]:
    """(steps, a run before its first step, a batch's inputs, its labels), to be watched with other tools."""
    run = Run.start(RunConfig.model_validate(MLP))
    return 2 if quick else 10, run, run.data.inputs[:256], run.data.labels[:256]


def watchers(quick: bool) -> list[Result]:
    """The time that TensorBoard takes for histograms of the same tensors at every step; nothing where it is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return []
    steps, run, inputs, labels = _watchable(quick)
    loop = bare_loop(run)

    def watched() -> None:
        with tempfile.TemporaryDirectory() as folder, SummaryWriter(folder) as writer:
            for step in range(steps):
                seen: list[Tensor] = []
                handles = [probe.nonlinearity.register_forward_hook(lambda _, args, result, seen=seen: _keep(seen, args[0], result))
                           for probe in run.places]
                run.optimizer.zero_grad()
                functional.cross_entropy(run.network(inputs), labels).backward()
                for handle in handles:
                    handle.remove()
                gradients = [tensor.grad for tensor in seen if tensor.grad is not None]
                weights = [probe.weight for probe in run.places]
                everything = [*seen, *gradients, *weights, *(weight.grad for weight in weights if weight.grad is not None)]
                for number, tensor in enumerate(everything):
                    writer.add_histogram(str(number), tensor.detach(), step)
                run.optimizer.step()

    return [beside("the same by TensorBoard's add_histogram", watched, lambda: loop(steps), None, 1 if quick else 3)]


def logged(quick: bool) -> list[Result]:
    """The time of wandb.watch, offline, for histograms of weights and gradients at every step; nothing where it is not installed."""
    try:
        import wandb
    except ImportError:
        return []
    steps, run, inputs, labels = _watchable(quick)
    loop = bare_loop(run)
    with tempfile.TemporaryDirectory() as folder:
        with wandb.init(mode="offline", dir=folder, project="benchmark", settings=wandb.Settings(silent=True)) as log:
            log.watch(run.network, log="all", log_freq=1)

            def watched() -> None:
                for _ in range(steps):
                    loss, _ = run.backward(inputs, labels)
                    run.optimizer.step()
                    log.log({"loss": loss})

            measured = beside("weights and gradients by wandb.watch, offline", watched, lambda: None, None, 1 if quick else 3)
            log.unwatch(run.network)
        bare = beside("", lambda: loop(steps), lambda: None, None, 1 if quick else 3)
    return [Result(measured.name, measured.value, "ms", bare.value)]


def _keep(seen: list[Tensor], z: Tensor, result: Tensor) -> None:
    z.retain_grad()
    seen.extend((z, result))


def grid(quick: bool) -> list[Result]:
    """A measured map, whose networks are computed together, against as many networks built and run one at a time."""
    count = 3 if quick else 12
    config = SweepConfig.model_validate({
        "base": {"network": {"depth": 50, "width": 200, "activation": {"name": "tanh"}}, "data": {"name": "gaussian", "batch_size": 16}},
        "sigma_w2": {"low": 0.5, "high": 3.0, "count": count}, "sigma_b2": {"low": 0.0, "high": 0.3, "count": count}})
    batch = torch.randn(16, 200)

    def one_at_a_time() -> None:
        for sigma_b2, sigma_w2 in itertools.product(config.sigma_b2.values(), config.sigma_w2.values()):
            network = build(RunConfig.model_validate(as_run(config, sigma_w2, sigma_b2)), torch.device("cpu"))
            functional.cross_entropy(network(batch), torch.zeros(16, dtype=torch.long)).backward()

    return [beside(f"a {count} x {count} map, batched", lambda: exhaust(mapping.rows(config)), one_at_a_time, 0.25, 1 if quick else 3)]


def deep(quick: bool) -> list[Result]:
    """The frame of a very deep delta-orthogonal CNN against its bare forward and backward pass."""
    depth = 30 if quick else 10_000
    run = Run.start(RunConfig.model_validate({
        "network": {"kind": "cnn", "depth": depth, "width": 16, "activation": {"name": "tanh"}}, "init": {"name": "delta_orthogonal"},
        "data": {"batch_size": 32, "validation_fraction": 0.0}}))
    inputs, labels = run.data.inputs[:32], run.data.labels[:32]
    return [beside(f"a frame of {depth} layers (tanh CNN, 16 channels)", lambda: run.frame(0, inputs, labels),
                   lambda: run.backward(inputs, labels), 1.5, 1 if quick else 3)]


def preview_in_process(quick: bool) -> list[Result]:
    """The first frame of 50 x 256 with its building, without a server."""
    depth = 5 if quick else 50
    config = RunConfig.model_validate({"network": {"depth": depth, "width": 256}})
    run = Run.start(config)
    inputs, labels = one_batch(run)
    name = f"the first frame of {depth} x 256, with its building"
    return [beside(name, lambda: initial_frame(config), lambda: run.backward(inputs, labels), None, 1 if quick else 7)]


def exhaust(items: Iterable[object]) -> None:
    for _ in items:
        pass


CASES: dict[str, Case] = {
    "frames": training({**MLP, "capture": {"every": 1}}, 1.30, "a frame every step, MLP"),
    "exact": training({**MLP, "capture": {"every": 1, "samples": "all"}}, 1.8, "the same, exact histograms"),
    "default": training(MLP, 1.08, "default capture, MLP", 1200),
    "cnn": training({**CNN, "capture": {"every": 1}}, 1.2, "a frame every step, CNN", 10),
    "watchers": watchers, "logged": logged, "map": grid, "deep": deep, "first-frame": preview_in_process,
}
