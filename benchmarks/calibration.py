"""How often the prediction made at step 0 holds: `python -m benchmarks.calibration`, about two minutes on one core.

By default a grid, whose depths, seeds and one optimizer are others than those that the thresholds were first chosen on (depths 5, 10, 20,
40, and no sgd at 0.05): 64 units, the digits, batches of 128, 150 steps. `--quick` takes every tenth configuration. `--drawn 200 --seed 7`
draws over the catalogue instead, as people choose, and `--chaotic 100` bounded activations beyond their critical variance.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import argparse
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice, product
from typing import Any

import torch

from benchmarks.draws import log_uniform, valid
from models.config import RunConfig
from models.diagnosis import Outcome, Verdict, held, outcome
from models.theory import theory_of
from models.training import train

DEPTHS = (6, 14, 28)
STARTS = (
    ("relu", {"name": "kaiming_uniform"}, {}), ("relu", {"name": "xavier_uniform"}, {}), ("relu", {"name": "orthogonal"}, {}),
    ("relu", {"name": "pytorch_default"}, {}), ("relu", {"name": "normal", "std": 0.05}, {}), ("relu", {"name": "normal", "std": 0.25}, {}),
    ("relu", {"name": "kaiming_normal"}, {"normalization": {"name": "batch"}}),
    ("relu", {"name": "kaiming_normal"}, {"normalization": {"name": "rms"}}), ("relu", {"name": "kaiming_normal"}, {"residual": True}),
    ("relu", {"name": "kaiming_normal"}, {"normalization": {"name": "layer"}, "residual": True}),
    ("leaky_relu", {"name": "lecun_normal"}, {}), ("prelu", {"name": "kaiming_normal"}, {}),
    ("tanh", {"name": "xavier_uniform"}, {}), ("tanh", {"name": "orthogonal"}, {"normalization": {"name": "layer"}}),
    ("tanh", {"name": "normal", "std": 0.1}, {}), ("tanh", {"name": "normal", "std": 0.3}, {}),
    ("sigmoid", {"name": "kaiming_normal"}, {}), ("sigmoid", {"name": "xavier_normal"}, {"normalization": {"name": "batch"}}),
    ("selu", {"name": "lecun_uniform"}, {}), ("selu", {"name": "kaiming_normal"}, {}), ("gelu", {"name": "xavier_normal"}, {}),
    ("silu", {"name": "kaiming_uniform"}, {}), ("mish", {"name": "kaiming_normal"}, {}), ("elu", {"name": "lecun_normal"}, {}),
    ("softsign", {"name": "xavier_normal"}, {}), ("hardtanh", {"name": "orthogonal"}, {}), ("linear", {"name": "xavier_normal"}, {}),
    ("tanh", {"name": "constant", "value": 0.05}, {}),
)
OPTIMIZERS = ({"name": "sgd", "lr": 0.01}, {"name": "sgd", "lr": 0.05}, {"name": "momentum", "lr": 0.02}, {"name": "adam", "lr": 0.001})
CLASSES: tuple[Outcome, ...] = ("trains", "slow", "fails")


def configurations() -> Iterator[RunConfig]:
    for number, (depth, (activation, init, network), optimizer) in enumerate(product(DEPTHS, STARTS, OPTIMIZERS)):
        yield RunConfig.model_validate({
            "network": {"depth": depth, "width": 64, "activation": {"name": activation}, **network}, "init": init,
            "data": {"name": "digits", "batch_size": 128}, "training": {"steps": 150, "optimizer": optimizer},
            "capture": {"every": 140, "samples": 256}, "seed": 100 + number, "device": "cpu"})


ACTIVATIONS = (
    *["relu", "tanh"] * 4, *["gelu", "silu"] * 2, "leaky_relu", "prelu", "elu", "selu", "celu", "mish", "softplus", "softsign", "hardtanh",
    "sigmoid", "hardsigmoid", "hardswish", "relu6", "linear")
INITIALIZERS = (
    *["kaiming_normal"] * 3, *["xavier_normal", "orthogonal", "variance_scaling"] * 2, "kaiming_uniform", "xavier_uniform", "lecun_normal",
    "pytorch_default", "lsuv", "normal", "trunc_normal", "uniform")
NORMALIZATIONS = (*["none"] * 11, *["batch"] * 4, *["layer"] * 3, "rms", "group")
RATES = {"sgd": (3e-3, 0.3), "momentum": (1e-3, 0.1), "adam": (1e-4, 1e-2), "adamw": (1e-4, 1e-2), "rmsprop": (1e-4, 1e-2)}
"""What is drawn, as often as it stands there."""

MEASURED = {"every": 10**6, "samples": 64, "bins": 8}
"""The first frame and the last."""


def drawn(draw: random.Random) -> dict[str, Any]:
    """Depth 3 to 50, width 32 to 256, each optimizer over the rates that are in use, most on digits."""
    init: dict[str, Any] = {"name": draw.choice(INITIALIZERS)}
    if init["name"] == "variance_scaling":
        init |= {"scale": log_uniform(draw, 0.5, 5.0), "distribution": "normal"}
    if init["name"] == "normal":
        init["std"] = log_uniform(draw, 0.03, 0.3)
    norm = {"name": draw.choice(NORMALIZATIONS)}
    if norm["name"] != "none":
        norm["placement"] = draw.choice(["pre_activation", "pre_activation", "post_activation"])
    optimizer, width = draw.choice(["sgd", "sgd", "momentum", "adam", "adam", "adamw", "rmsprop"]), draw.choice([32, 64, 64, 128, 128, 256])
    return {
        "network": {"depth": round(log_uniform(draw, 3, 24 if width == 256 else 50)), "width": width, "normalization": norm,
                    "activation": {"name": draw.choice(ACTIVATIONS)}, "residual": draw.random() < 0.25,
                    "dropout": draw.choice([*[0.0] * 8, 0.1, 0.3])},
        "init": init, "data": {"name": draw.choice([*["digits"] * 4, "spirals", "moons"]), "batch_size": draw.choice([64, 128, 256])},
        "training": {"steps": draw.choice([150, 200]), "optimizer": {"name": optimizer, "lr": log_uniform(draw, *RATES[optimizer])}},
        "capture": MEASURED, "seed": draw.randrange(100_000), "device": "cpu"}


def chaotic(draw: random.Random) -> dict[str, Any]:
    """Tanh, hardtanh and softsign of 20 to 100 layers, weights of up to eight times the critical variance (softsign: 20)."""
    activation = draw.choice(["tanh", "tanh", "softsign", "hardtanh"])
    scale = log_uniform(draw, 1.2, 20.0) if activation == "softsign" else log_uniform(draw, 1.05, 8.0)
    name, rates = draw.choice([("sgd", (1e-3, 0.2)), ("sgd", (1e-3, 0.2)), ("momentum", (1e-3, 0.03)), ("adam", (1e-4, 3e-3))])
    return {
        "network": {"depth": draw.choice([20, 20, 20, 50, 50, 50, 100]), "width": draw.choice([64, 64, 128]),
                    "activation": {"name": activation}},
        "init": {"name": "variance_scaling", "scale": scale, "distribution": "normal"}, "data": {"name": "digits", "batch_size": 128},
        "training": {"steps": 200, "optimizer": {"name": name, "lr": log_uniform(draw, *rates)}},
        "capture": MEASURED, "seed": draw.randrange(100_000), "device": "cpu"}


def predicted_and_came(config: RunConfig) -> tuple[Outcome, Outcome]:
    verdict = Verdict(config, lambda frame: theory_of(config, frame["input"]))
    frames = train(config)
    verdict.of(next(frames))
    last = list(frames)[-1]
    came = outcome(config, last)
    assert verdict.prediction is not None and came is not None
    return verdict.prediction.outcome, came


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="every tenth configuration")
    options.add_argument("--drawn", type=int, default=0, help="so many drawn over the catalogue, instead of the grid")
    options.add_argument("--chaotic", type=int, default=0, help="so many bounded activations in the chaotic phase, instead of the grid")
    options.add_argument("--seed", type=int, default=0, help="of what is drawn")
    options.add_argument("--misses", action="store_true", help="name the configurations for which the prediction did not hold")
    chosen = options.parse_args()
    torch.set_num_threads(1)
    counted: Counter[tuple[Outcome, Outcome]] = Counter()
    by: Counter[tuple[str, str, bool]] = Counter()
    for config in _chosen(chosen):
        pair = predicted_and_came(config)
        counted[pair] += 1
        optimizer, right = config.training.optimizer.name, held(*pair)
        by[optimizer, "", right] += 1
        if chosen.misses and not right:
            network = config.network
            print(f"{pair[0]} -> {pair[1]}: {network.depth} x {network.activation.name}, {config.init.name}, {network.normalization.name}, "
                  f"residual {network.residual}, {optimizer} {config.training.optimizer.params['lr']}", flush=True)
    table(counted, by)


def _chosen(options: argparse.Namespace) -> Iterable[RunConfig]:
    if options.drawn or options.chaotic:
        return islice(valid(options.seed, drawn if options.drawn else chaotic), options.drawn or options.chaotic)
    return list(configurations())[:: 10 if options.quick else 1]


def table(counted: Counter[tuple[Outcome, Outcome]], by: Counter[tuple[str, str, bool]]) -> None:
    print("| predicted | trained | slowly | failed | held |\n|---|---|---|---|---|")
    for said in CLASSES:
        row = {came: counted[said, came] for came in CLASSES}
        right = sum(many for came, many in row.items() if held(said, came))
        print(f"| {said} | {' | '.join(map(str, row.values()))} | {right / max(1, sum(row.values())):.0%} |")
    total, right = sum(counted.values()), sum(many for pair, many in counted.items() if held(*pair))
    print(f"\n{right} of {total} held ({right / total:.0%}); trains and fails were taken for each other "
          f"{counted['trains', 'fails'] + counted['fails', 'trains']} times.")
    for name in sorted({optimizer for optimizer, _, _ in by}):
        print(f"{name}: {by[name, '', True]} of {by[name, '', True] + by[name, '', False]} held.")


if __name__ == "__main__":
    main()
