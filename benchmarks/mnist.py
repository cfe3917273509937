"""The MNIST lessons' test accuracies beside plain PyTorch's: `python -m benchmarks.mnist FOLDER`, the folder with MNIST's four files.

Plain PyTorch reads the files itself and trains the network of the lessons' tests with its own loop, from seeds of its own.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import argparse
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from models import images
from models.config import RunConfig
from models.frame import Frame
from models.training import train
from server.lessons import FOLDER
from tests.lessons.plain import OPTIMIZERS, Network

LESSONS = ("mnist-classifier", "ten-layers-mnist")
SEEDS = (0, 1, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    images.load(images.MNIST, folder)
    training, test = (read(folder, part) for part in ("train", "t10k"))
    print(f"{len(training[1])} training and {len(test[1])} test images; mean of {len(SEEDS)} seeds and the lowest and highest of them")
    for lesson, label, config in trained():
        ours = [last_frame({**config, "seed": seed})["validation_accuracy"] or 0.0 for seed in SEEDS]
        plain = [accuracy(config, training, test, 100 + seed) for seed in SEEDS]
        print(f"{lesson}, {label}: ours {summary(ours)}  plain {summary(plain)}", flush=True)


def last_frame(config: dict[str, Any]) -> Frame:
    return list(train(RunConfig.model_validate({**config, "capture": {"every": 10_000_000}})))[-1]


def summary(found: list[float]) -> str:
    return f"{mean(found):.4f} ({min(found):.4f} to {max(found):.4f})"


def trained() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(lesson, label, configuration) of every run that the lessons train on MNIST."""
    for lesson in LESSONS:
        for step in json.loads((FOLDER / f"{lesson}.en.json").read_text())["steps"]:
            if step.get("train"):
                for run in step.get("compare") or [{"label": step["title"], **step}]:
                    yield lesson, run["label"], run["config"]


def read(folder: Path, part: str) -> tuple[Tensor, Tensor]:
    """Images (N, 784) from 0 to 1 and labels (N,)."""
    pixels, labels = (np.frombuffer(gzip.decompress((folder / f"{part}-{name}.gz").read_bytes()), np.uint8, offset=skip)
                      for name, skip in (("images-idx3-ubyte", 16), ("labels-idx1-ubyte", 8)))
    return torch.tensor(pixels.reshape(-1, 784) / 255, dtype=torch.float32), torch.tensor(labels, dtype=torch.int64)


def accuracy(config: dict[str, Any], training: tuple[Tensor, Tensor], test: tuple[Tensor, Tensor], seed: int) -> float:
    """The test accuracy of plain PyTorch after the configuration's epochs."""
    torch.manual_seed(seed)
    (x, y), (test_x, test_y) = training, test
    middle, std = x.mean(), x.std()
    x, test_x = (x - middle) / std, (test_x - middle) / std
    network = Network(config, 784, 10)
    options = dict(config["training"]["optimizer"])
    optimizer = OPTIMIZERS[options.pop("name")][0](network.parameters(), **options)
    size = config["data"]["batch_size"]
    for _ in range(config["training"]["epochs"]):
        for batch in torch.randperm(len(x)).split(size):
            optimizer.zero_grad()
            functional.cross_entropy(network(x[batch]), y[batch]).backward()
            optimizer.step()
    with torch.no_grad():
        return (network(test_x).argmax(1) == test_y).double().mean().item()


main()
