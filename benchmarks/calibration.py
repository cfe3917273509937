"""How often the prediction made at step 0 holds: `python -m benchmarks.calibration`, about two minutes on one core.

Depths, seeds and one optimizer are others than those that the thresholds were chosen on (depths 5, 10, 20, 40, and no sgd at 0.05). 64
units, the digits, batches of 128, 150 steps. `--quick` takes every tenth configuration.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import argparse
from collections import Counter
from collections.abc import Iterator
from itertools import product

import torch

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
    options.add_argument("--misses", action="store_true", help="name the configurations for which the prediction did not hold")
    chosen = options.parse_args()
    torch.set_num_threads(1)
    counted: Counter[tuple[Outcome, Outcome]] = Counter()
    by: Counter[tuple[str, str, bool]] = Counter()
    for config in list(configurations())[:: 10 if chosen.quick else 1]:
        pair = predicted_and_came(config)
        counted[pair] += 1
        optimizer, right = config.training.optimizer.name, held(*pair)
        by[optimizer, "", right] += 1
        if chosen.misses and not right:
            network = config.network
            print(f"{pair[0]} -> {pair[1]}: {network.depth} x {network.activation.name}, {config.init.name}, {network.normalization.name}, "
                  f"residual {network.residual}, {optimizer} {config.training.optimizer.params['lr']}", flush=True)
    table(counted, by)


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
