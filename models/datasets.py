"""The data: generated points and noise, and scikit-learn's digits; standardized, split, everything from the run's seed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import torch
from numpy.random import RandomState
from torch import Tensor

from models import seeds
from models.choices import Choice, Parameter, Params, Table

NOISE_PIXELS = 8
"""Gaussian noise for a CNN is `features` channels of 8 x 8 pixels."""

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Demand:
    """What the rest of the configuration asks of the data: network kind and width, batch size and validation part."""

    kind: str
    width: int
    batch_size: int | None
    validation_fraction: float


@dataclass(frozen=True, slots=True)
class Dataset:
    """Standardized inputs (N, *shape), float32, and labels (N,), int64, for training and for validation."""

    inputs: Tensor
    labels: Tensor
    validation_inputs: Tensor
    validation_labels: Tensor

    def to(self, device: torch.device) -> Dataset:
        return Dataset(*(part.to(device) for part in (self.inputs, self.labels, self.validation_inputs, self.validation_labels)))


@dataclass(frozen=True, kw_only=True)
class Source(Choice):
    """One data set.

    examples: (params, demand) -> number of examples before the split
    shape:    (params, demand) -> shape of one example: (features,) or (channels, height, width)
    classes:  params -> number of classes
    load:     (params, demand, seed) -> inputs and labels, not yet standardized
    scaling:  standardized feature by feature, by one mean and deviation of all pixels, or left as drawn
    """

    examples: Callable[[Params, Demand], int]
    shape: Callable[[Params, Demand], Shape]
    classes: Callable[[Params], int]
    load: Callable[[Params, Demand, int], tuple[Tensor, Tensor]]
    scaling: Literal["feature", "image", "none"]


def split_sizes(examples: int, validation_fraction: float) -> tuple[int, int]:
    """Numbers of training and validation examples; at least one example trains."""
    validation = min(round(examples * validation_fraction), examples - 1)
    return examples - validation, validation


def load(source: Source, params: Params, demand: Demand, seed: int) -> Dataset:
    """The data set of a run: drawn or read, shuffled, split, and standardized by the training part's moments.

    Points are standardized feature by feature, images by one mean and one standard deviation of all pixels, so that the
    mean square that enters the first layer is 1. Gaussian noise is N(0, 1) as drawn.
    """
    inputs, labels = source.load(params, demand, seed)
    order = torch.randperm(len(inputs), generator=seeds.generator(seed, "split"))
    inputs, labels = inputs[order], labels[order]
    training, _ = split_sizes(len(inputs), demand.validation_fraction)
    if source.scaling != "none":
        inputs = standardize(inputs, inputs[:training], each_feature=source.scaling == "feature")
    return Dataset(inputs[:training], labels[:training], inputs[training:], labels[training:])


def standardize(inputs: Tensor, reference: Tensor, each_feature: bool) -> Tensor:
    """(inputs - mean) / std with the reference's moments, of each feature or of all values together (float64 inside)."""
    x, r = inputs.double(), reference.double()
    dims = (0,) if each_feature else tuple(range(inputs.dim()))
    mean, std = r.mean(dims, keepdim=True), r.std(dims, correction=0, keepdim=True)
    return ((x - mean) / torch.where(std > 0, std, 1.0)).float()


def _gaussian_shape(p: Params, demand: Demand) -> Shape:
    features = demand.width if p["features"] == "auto" else p["features"]
    return (features, NOISE_PIXELS, NOISE_PIXELS) if demand.kind == "cnn" else (features,)


def _gaussian_examples(p: Params, demand: Demand) -> int:
    if p["samples"] != "auto":
        return int(p["samples"])
    enough = math.ceil((demand.batch_size or 0) / (1 - demand.validation_fraction)) + 1
    return max(512 if demand.kind == "cnn" else 2048, enough)


def _gaussian(p: Params, demand: Demand, seed: int) -> tuple[Tensor, Tensor]:
    generator = seeds.generator(seed, "data")
    examples = _gaussian_examples(p, demand)
    inputs = torch.randn((examples, *_gaussian_shape(p, demand)), generator=generator)
    return inputs, torch.randint(p["classes"], (examples,), generator=generator)


def _tensors(points: object, labels: object) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(np.asarray(points, dtype=np.float32)), torch.from_numpy(np.asarray(labels, dtype=np.int64))


def _random_state(seed: int) -> RandomState:
    return RandomState(seeds.number(seed, "data") % 2**32)


def _moons(p: Params, demand: Demand, seed: int) -> tuple[Tensor, Tensor]:
    from sklearn.datasets import make_moons  # a second to import: only where it is used

    return _tensors(*make_moons(p["samples"], noise=p["noise"], random_state=_random_state(seed)))


def _circles(p: Params, demand: Demand, seed: int) -> tuple[Tensor, Tensor]:
    from sklearn.datasets import make_circles

    return _tensors(*make_circles(p["samples"], noise=p["noise"], factor=0.5, random_state=_random_state(seed)))


def _spirals(p: Params, demand: Demand, seed: int) -> tuple[Tensor, Tensor]:
    """Two interleaved Archimedean spirals of one and three quarter turns (after Lang & Witbrock 1988)."""
    random = _random_state(seed)
    labels = np.arange(p["samples"]) % 2
    radius = np.sqrt(random.uniform(0.01, 1.0, p["samples"]))
    angle = 1.75 * 2 * np.pi * radius + np.pi * labels
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return _tensors(points + random.normal(0.0, p["noise"], points.shape), labels)


@cache
def _all_digits() -> tuple[Tensor, Tensor]:
    """The 1,797 images (N, 8, 8) and their labels; reading the file takes longer than looking at a network."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    return _tensors(digits.images, digits.target)


def _digits(p: Params, demand: Demand, seed: int) -> tuple[Tensor, Tensor]:
    inputs, labels = _all_digits()
    return (inputs[:, None], labels) if demand.kind == "cnn" else (inputs.flatten(1), labels)


_SAMPLES = Parameter("samples", "int", 2000, "samples", "Training and validation examples together.",
                     low=4, high=1_000_000, slider=(100, 10_000), log=True)


def _noise(default: float) -> Parameter:
    return Parameter("noise", "float", default, "noise", "Standard deviation of the noise on a point.",
                     low=0.0, high=10.0, slider=(0.0, 1.0))


BATCH_SIZE = Parameter("batch_size", "int", 256, "batch size", "At most so many examples a step; all: the whole training part.",
                       low=1, high=1_000_000, slider=(2, 1024), log=True, special=("all",))
VALIDATION_FRACTION = Parameter("validation_fraction", "float", 0.2, "validation part", "Share of the examples kept for validation.",
                                low=0.0, high=0.9, slider=(0.0, 0.5))

SOURCES: Table[Source] = Table("Data", "digits", (
    Source(
        name="digits", label="Digits (real)", formula="1,797 handwritten digits, 8 × 8 pixels, 10 classes",
        source="sklearn.datasets.load_digits; Alpaydin & Kaynak 1998 (UCI)",
        examples=lambda p, demand: 1797, shape=lambda p, demand: (1, 8, 8) if demand.kind == "cnn" else (64,),
        classes=lambda p: 10, load=_digits, scaling="image",
    ),
    Source(
        name="gaussian", label="Gaussian noise", formula="x ~ N(0, 1), labels at random", source="The input that mean-field theory assumes",
        note="For a CNN: `features` channels of 8 × 8 pixels.",
        parameters=(
            Parameter("features", "int", "auto", "features", "auto: as many as the network is wide.",
                      low=1, high=65_536, slider=(1, 1024), log=True, special=("auto",)),
            Parameter("classes", "int", 10, "classes", low=2, high=1000, slider=(2, 100), log=True),
            Parameter("samples", "int", "auto", "samples", "auto: 2048 (CNN: 512), or as many as one batch needs.",
                      low=4, high=1_000_000, slider=(100, 10_000), log=True, special=("auto",)),
        ),
        examples=_gaussian_examples, shape=_gaussian_shape, classes=lambda p: int(p["classes"]), load=_gaussian,
        scaling="none",
    ),
    Source(
        name="moons", label="Two moons", formula="two half circles, 2 features, 2 classes", source="sklearn.datasets.make_moons",
        kinds=("mlp",), parameters=(_SAMPLES, _noise(0.2)), examples=lambda p, demand: int(p["samples"]),
        shape=lambda p, demand: (2,), classes=lambda p: 2, load=_moons, scaling="feature",
    ),
    Source(
        name="circles", label="Circles", formula="two circles, one inside the other, 2 features, 2 classes",
        source="sklearn.datasets.make_circles", kinds=("mlp",), parameters=(_SAMPLES, _noise(0.1)),
        examples=lambda p, demand: int(p["samples"]), shape=lambda p, demand: (2,), classes=lambda p: 2, load=_circles, scaling="feature",
    ),
    Source(
        name="spirals", label="Spirals", formula="two interleaved spirals, 2 features, 2 classes", source="after Lang & Witbrock 1988",
        kinds=("mlp",), parameters=(_SAMPLES, _noise(0.05)), examples=lambda p, demand: int(p["samples"]),
        shape=lambda p, demand: (2,), classes=lambda p: 2, load=_spirals, scaling="feature",
    ),
), shared=(BATCH_SIZE, VALIDATION_FRACTION))
