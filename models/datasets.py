"""The data: generated points and noise, scikit-learn's digits, and images from files; standardized, split, all from the run's seed."""

from __future__ import annotations

import gzip
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.random import RandomState

from models import images, seeds
from models.choices import Choice, Parameter, Params, Table
from models.images import CIFAR10, FASHION_MNIST, MNIST, ImageSet
from models.later import torch
from models.words import say

if TYPE_CHECKING:
    from torch import Tensor

NOISE_PIXELS = 8
"""Gaussian noise for a CNN is `features` channels of 8 x 8 pixels."""

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Demand:
    """What the rest of the configuration asks of the data: network kind and width, batch size and validation part.

    `validation_fraction` is a share of the examples, or "test": the test part that the data set brings.
    """

    kind: str
    width: int
    batch_size: int | None
    validation_fraction: float | Literal["test"]

    @property
    def share(self) -> float:
        """Share of the examples that validate; none where the data set brings a part of its own for that."""
        return 0.0 if self.validation_fraction == "test" else self.validation_fraction


@dataclass(frozen=True, slots=True)
class Dataset:
    """Inputs (N, *shape) and labels (N,), int64, for training and for validation.

    Inputs are standardized float32; or, of images from files, pixels as uint8 with the `mean` and `std` to standardize them by, which takes
    a quarter of the memory. `values` converts either, a batch at a time, to what the network sees.
    """

    inputs: Tensor
    labels: Tensor
    validation_inputs: Tensor
    validation_labels: Tensor
    mean: float = 0.0
    std: float = 1.0

    def to(self, device: torch.device) -> Dataset:
        """The same data set with its tensors on the device."""
        return replace(self, inputs=self.inputs.to(device), labels=self.labels.to(device),
                       validation_inputs=self.validation_inputs.to(device), validation_labels=self.validation_labels.to(device))

    def values(self, inputs: Tensor) -> Tensor:
        """Inputs of this data set (any number of them), standardized, float32."""
        return inputs.float().sub_(self.mean).div_(self.std) if inputs.dtype == torch.uint8 else inputs


@dataclass(frozen=True, kw_only=True)
class Source(Choice):
    """One data set.

    sizes:    (params, demand) -> numbers of training and of validation examples
    shape:    (params, demand) -> shape of one example: (features,) or (channels, height, width)
    classes:  params -> number of classes
    load:     (params, demand, seed) -> Dataset
    images:   its files, which must be loaded first (models.images.load); None where it has none
    patience: median steps in which sound networks come to half of a guess's loss, at the default parameters (spirals: of 38 networks of
              4 to 20 layers); 0 where that is fewer than most runs have (digits 20, circles 70, moons 10), or was not measured
    """

    sizes: Callable[[Params, Demand], tuple[int, int]]
    shape: Callable[[Params, Demand], Shape]
    classes: Callable[[Params], int]
    load: Callable[[Params, Demand, int], Dataset]
    images: ImageSet | None = None
    patience: int = 0

    @property
    def value_bytes(self) -> int:
        """Memory of one value of its inputs: 4 bytes of a float32, 1 of a pixel from a file."""
        return 4 if self.images is None else 1


def split_sizes(examples: int, validation_fraction: float) -> tuple[int, int]:
    """Numbers of training and validation examples; at least one example trains."""
    validation = min(round(examples * validation_fraction), examples - 1)
    return examples - validation, validation


def _split(examples: Callable[[Params, Demand], int]) -> Callable[[Params, Demand], tuple[int, int]]:
    return lambda params, demand: split_sizes(examples(params, demand), demand.share)


def _drawn(draw: Callable[[Params, Demand, int], tuple[Tensor, Tensor]],
           scaling: Literal["feature", "image", "none"]) -> Callable[[Params, Demand, int], Dataset]:
    """A `load` that shuffles, splits and standardizes what `draw` gives (inputs and labels), by the training part's moments.

    Points are standardized feature by feature, images by one mean and one standard deviation of all pixels, so that the
    mean square that enters the first layer is 1. Gaussian noise is N(0, 1) as drawn.
    """

    def load(params: Params, demand: Demand, seed: int) -> Dataset:
        inputs, labels = draw(params, demand, seed)
        order = _order(len(inputs), seed)
        inputs, labels = inputs[order], labels[order]
        training, _ = split_sizes(len(inputs), demand.share)
        if scaling != "none":
            inputs = standardize(inputs, inputs[:training], each_feature=scaling == "feature")
        return Dataset(inputs[:training], labels[:training], inputs[training:], labels[training:])

    return load


def _kept(load: Callable[[Params, Demand, int], Dataset]) -> Callable[[Params, Demand, int], Dataset]:
    """The same `load`, which keeps the data set it gave last: a slider that is moved asks for the same one again and again. The key leaves
    out the network's width and the batch size, on which only noise depends."""

    @lru_cache(maxsize=1)
    def newest(params: tuple[tuple[str, Any], ...], demand: Demand, seed: int) -> Dataset:
        return load(dict(params), demand, seed)

    return lambda params, demand, seed: newest(tuple(params.items()), replace(demand, width=0, batch_size=None), seed)


def _order(examples: int, seed: int) -> Tensor:
    return torch.randperm(examples, generator=seeds.generator(seed, "split"))


def standardize(inputs: Tensor, reference: Tensor, each_feature: bool) -> Tensor:
    """(inputs - mean) / std in float64, given as float32; mean and std are the reference's, of each feature or of all values together. A
    constant feature becomes 0."""
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
    enough = math.ceil((demand.batch_size or 0) / (1 - demand.share)) + 1
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
    from sklearn.datasets import make_moons  # seconds to import: only where it is used

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
    """The 1,797 images (N, 8, 8) and their labels, as sklearn.datasets.load_digits gives them.

    Read from scikit-learn's file without importing it: that takes as long as importing PyTorch, and digits are the default.
    """
    package = find_spec("sklearn")
    assert package is not None and package.origin is not None
    with gzip.open(Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz", "rt") as file:
        table = np.loadtxt(file, delimiter=",", dtype=np.float32)
    return _tensors(table[:, :-1].reshape(-1, 8, 8), table[:, -1])


def _digits(p: Params, demand: Demand, seed: int) -> tuple[Tensor, Tensor]:
    inputs, labels = _all_digits()
    return (inputs[:, None], labels) if demand.kind == "cnn" else (inputs.flatten(1), labels)


def _from_files(files: ImageSet, label: str, formula: str, source: str) -> Source:
    """The entry of a data set that comes as files: its own test part validates, or a share of the training part."""

    def sizes(params: Params, demand: Demand) -> tuple[int, int]:
        training, test = images.sizes(files)
        return (training, test) if demand.validation_fraction == "test" else split_sizes(training, demand.share)

    def shape(params: Params, demand: Demand) -> Shape:
        return files.shape if demand.kind == "cnn" else (math.prod(files.shape),)

    def load(params: Params, demand: Demand, seed: int) -> Dataset:
        found = images.loaded(files)
        training, validation = found.training, found.test
        if demand.validation_fraction != "test":
            order, (size, _) = _order(len(training.labels), seed), sizes(params, demand)
            training, validation = training.choose(order[:size]), training.choose(order[size:])
        mean, std = training.moments()
        one = shape(params, demand)
        return Dataset(training.images.reshape(-1, *one), training.labels, validation.images.reshape(-1, *one), validation.labels,
                       mean, std or 1.0)

    megabytes = sum(file.bytes for file in files.files) / 1e6
    return Source(name=files.name, label=label, formula=formula, source=source, sizes=sizes, shape=shape, load=load, images=files,
                  classes=lambda params: files.classes, parameters=(TEST_OR_FRACTION,),
                  note=say("Fetched when it is first used ({megabytes:.0f} MB), and kept.", megabytes=megabytes))


_SAMPLES = Parameter("samples", "int", 2000, "samples", "Training and validation examples together.",
                     low=4, high=1_000_000, slider=(100, 10_000), log=True)


def _noise(default: float) -> Parameter:
    return Parameter("noise", "float", default, "noise", "Standard deviation of the noise on a point.",
                     low=0.0, high=10.0, slider=(0.0, 1.0))


BATCH_SIZE = Parameter("batch_size", "int", 256, "batch size", "At most so many examples a step; all: the whole training part.",
                       low=1, high=1_000_000, slider=(2, 1024), log=True, special=("all",))
VALIDATION_FRACTION = Parameter("validation_fraction", "float", 0.2, "validation part", "Share of the examples kept for validation.",
                                low=0.0, high=0.9, slider=(0.0, 0.5))
TEST_OR_FRACTION = replace(VALIDATION_FRACTION, type="float", default="test", special=("test",),
                           help="test: the data set's own test part validates; a number: so much of its training part instead.")

SOURCES: Table[Source] = Table("Data", "digits", (
    Source(
        name="digits", label="Digits (real)", formula="1,797 handwritten digits, 8 × 8 pixels, 10 classes",
        source="sklearn.datasets.load_digits; Alpaydin & Kaynak 1998 (UCI)",
        sizes=_split(lambda p, demand: 1797), shape=lambda p, demand: (1, 8, 8) if demand.kind == "cnn" else (64,),
        classes=lambda p: 10, load=_kept(_drawn(_digits, "image")),
    ),
    _from_files(MNIST, "MNIST (real)", "70,000 handwritten digits, 28 × 28 pixels, 10 classes", "LeCun, Cortes & Burges 1998"),
    _from_files(FASHION_MNIST, "Fashion-MNIST (real)", "70,000 pictures of clothes, 28 × 28 pixels, 10 classes",
                "Xiao, Rasul & Vollgraf 2017 (1708.07747)"),
    _from_files(CIFAR10, "CIFAR-10 (real)", "60,000 photographs, 32 × 32 pixels in colour, 10 classes", "Krizhevsky 2009"),
    Source(
        name="gaussian", label="Gaussian noise", formula="x ~ N(0, 1), labels at random", source="The input that mean-field theory assumes",
        note=say("For a CNN: `features` channels of 8 × 8 pixels."),
        parameters=(
            Parameter("features", "int", "auto", "features", "auto: as many as the network is wide.",
                      low=1, high=65_536, slider=(1, 1024), log=True, special=("auto",)),
            Parameter("classes", "int", 10, "classes", low=2, high=1000, slider=(2, 100), log=True),
            Parameter("samples", "int", "auto", "samples", "auto: 2048 (CNN: 512), or as many as one batch needs.",
                      low=4, high=1_000_000, slider=(100, 10_000), log=True, special=("auto",)),
        ),
        sizes=_split(_gaussian_examples), shape=_gaussian_shape, classes=lambda p: int(p["classes"]), load=_drawn(_gaussian, "none"),
    ),
    Source(
        name="moons", label="Two moons", formula="two half circles, 2 features, 2 classes", source="sklearn.datasets.make_moons",
        kinds=("mlp",), parameters=(_SAMPLES, _noise(0.2)), sizes=_split(lambda p, demand: int(p["samples"])),
        shape=lambda p, demand: (2,), classes=lambda p: 2, load=_kept(_drawn(_moons, "feature")),
    ),
    Source(
        name="circles", label="Circles", formula="two circles, one inside the other, 2 features, 2 classes",
        source="sklearn.datasets.make_circles", kinds=("mlp",), parameters=(_SAMPLES, _noise(0.1)),
        sizes=_split(lambda p, demand: int(p["samples"])), shape=lambda p, demand: (2,), classes=lambda p: 2,
        load=_kept(_drawn(_circles, "feature")),
    ),
    Source(
        name="spirals", label="Spirals", formula="two interleaved spirals, 2 features, 2 classes", source="after Lang & Witbrock 1988",
        patience=500, kinds=("mlp",), parameters=(_SAMPLES, _noise(0.05)), sizes=_split(lambda p, demand: int(p["samples"])),
        shape=lambda p, demand: (2,), classes=lambda p: 2, load=_kept(_drawn(_spirals, "feature")),
    ),
), shared=(BATCH_SIZE, VALIDATION_FRACTION))
