"""A grid of networks over (sigma_w^2, sigma_b^2): what each does to the signal, measured, many networks at once.

All networks of a row share one set of base random numbers: a point of the grid differs from its neighbour only by the
factors sigma_w and sigma_b on them. So a row is one matrix product a layer, and the map is smooth where theory is.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Any

import torch
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import TypedDict

from models import NUMERICS_VERSION, device, seeds
from models.activations import ACTIVATIONS
from models.choices import Parameter
from models.config import Part, RunConfig
from models.datasets import SOURCES
from models.frame import each_finite
from models.moments import correlation
from models.words import say

COUNT = Parameter("count", "int", 24, "points", "Points of the axis, both ends included.", low=2, high=128, slider=(4, 64))
STEPS = Parameter("train_steps", "int", 0, "steps", "Steps that each network is trained for; 0 = only look at initialization.",
                  low=0, high=10_000, slider=(0, 500))


class Axis(Part):
    """Evenly spaced values from low to high."""

    low: float = Field(ge=0.0, le=1e6, description="first value")
    high: float = Field(gt=0.0, le=1e6, description="last value")
    count: Annotated[int, COUNT] = COUNT.field()

    @model_validator(mode="after")
    def _rises(self) -> Axis:
        if self.low >= self.high:
            raise PydanticCustomError("does_not_fit", "{problem}", {
                "problem": say("low {low} must be below high {high}", low=self.low, high=self.high)})
        return self

    def values(self) -> list[float]:
        return torch.linspace(self.low, self.high, self.count, dtype=torch.float64).tolist()


class SweepConfig(Part):
    """A map of fully connected networks without normalization; `base` gives everything but the two variances."""

    base: RunConfig = Field(default_factory=RunConfig, description="the network, its data and training; its initializers are not used")
    sigma_w2: Axis = Axis(low=0.25, high=4.0)
    sigma_b2: Axis = Axis(low=0.0, high=0.5)
    train_steps: Annotated[int, STEPS] = STEPS.field()

    @model_validator(mode="after")
    def _plain_network(self) -> SweepConfig:
        network = self.base.network
        wrong = {"base.network.kind": network.kind != "mlp", "base.network.normalization": network.normalization.name != "none",
                 "base.network.residual": network.residual, "base.network.dropout": network.dropout > 0}
        for field, found in wrong.items():
            if found:
                problem = say("a map is of plain fully connected networks: kind mlp, no normalization, no residual, no dropout")
                raise PydanticCustomError("does_not_fit", "{problem}", {"field": field, "problem": problem})
        return self

    def canonical(self) -> str:
        """The configuration as canonical JSON."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), allow_nan=False)

    def fingerprint(self) -> str:
        """The map's identity, as a run's."""
        return hashlib.sha256(f"sweep {NUMERICS_VERSION}\n{self.canonical()}".encode()).hexdigest()[:16]


class SweepRow(TypedDict):
    """One row of the map: all sigma_w^2 at one sigma_b^2. Lists have an entry a point; None is a number that is not finite.

    q: mean square of the last hidden pre-activations     correlation: mean cosine there between two examples
    chi: factor of the gradient's mean square a layer, from the last hidden layer back to the first
    loss: at initialization     final_loss: after `train_steps` (None: not trained, or no longer finite)
    """

    seq: int
    sigma_b2: float
    sigma_w2: list[float]
    q: list[float | None]
    correlation: list[float | None]
    chi: list[float | None]
    loss: list[float | None]
    final_loss: list[float | None]


def sweep(config: SweepConfig) -> Iterator[SweepRow]:
    """The rows of the map, from the smallest sigma_b^2 up."""
    base, where = config.base, device.resolve(config.base.device)
    data = SOURCES[base.data.name].load(base.data.params, base.demand, base.seed).to(where)
    inputs, labels = data.values(data.inputs[: base.batch_size]), data.labels[: base.batch_size]
    weights, biases = _base_numbers(base, where)
    sigma_w2 = config.sigma_w2.values()
    for seq, sigma_b2 in enumerate(config.sigma_b2.values()):
        networks = Networks(base, weights, biases, torch.tensor(sigma_w2, device=where).sqrt(), math.sqrt(sigma_b2))
        found = networks.look(inputs, labels)
        final = networks.train(inputs, labels, config.train_steps) if config.train_steps else [None] * len(sigma_w2)
        yield SweepRow(seq=seq, sigma_b2=sigma_b2, sigma_w2=sigma_w2, final_loss=final, **found)  # type: ignore[typeddict-item]


def _base_numbers(config: RunConfig, where: torch.device) -> tuple[list[Tensor], list[Tensor]]:
    """Weights ~ N(0, 1 / fan_in), (out, in), and biases ~ N(0, 1), (out,), of every layer, the output layer last."""
    generator = seeds.generator(config.seed, "weights")
    sizes = [config.input_shape[0], *[config.network.width] * config.network.depth, config.classes]
    pairs = list(pairwise(sizes))
    weights = [(torch.randn(out, inputs, generator=generator) / math.sqrt(inputs)).to(where) for inputs, out in pairs]
    return weights, [torch.randn(out, generator=generator).to(where) for _, out in pairs]


class Networks:
    """P networks side by side: point p has weights sigma_w[p] * base and biases sigma_b * base."""

    def __init__(self, config: RunConfig, weights: list[Tensor], biases: list[Tensor], sigma_w: Tensor, sigma_b: float) -> None:
        self.config = config
        self.weights = weights
        self.biases = [sigma_b * bias for bias in biases]
        self.sigma_w = sigma_w[:, None, None]
        activation = config.network.activation
        self.phi = ACTIVATIONS[activation.name].module(activation.params).to(sigma_w.device)

    def look(self, inputs: Tensor, labels: Tensor) -> dict[str, list[float | None]]:
        """One forward and backward pass of all P networks: q, correlation, chi and loss of each."""
        x = inputs.expand(len(self.sigma_w), *inputs.shape)
        hidden: list[Tensor] = []
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            z = (x @ weight.T) * self.sigma_w + bias
            hidden.append(z.requires_grad_() if not z.requires_grad else z)
            x = self.phi(z)
        losses = _losses((x @ self.weights[-1].T) * self.sigma_w + self.biases[-1], labels)
        first, last = torch.autograd.grad(losses.sum(), [hidden[0], hidden[-1]])
        ratio = _mean_square(first) / _mean_square(last)
        chi = ratio ** (1.0 / max(1, len(hidden) - 1))
        found = {"q": _mean_square(hidden[-1].detach()), "correlation": torch.stack([correlation(z) for z in hidden[-1].detach()]),
                 "chi": chi, "loss": losses.detach()}
        return {name: each_finite(values.tolist()) for name, values in found.items()}

    def train(self, inputs: Tensor, labels: Tensor, steps: int) -> list[float | None]:
        """Full-batch gradient descent of every network for so many steps; the losses reached."""
        parameters = [nn.Parameter((weight * self.sigma_w).contiguous()) for weight in self.weights]
        parameters += [nn.Parameter(bias.expand(len(self.sigma_w), 1, -1).clone()) for bias in self.biases]
        rate = self.config.training.optimizer.params["lr"]
        optimizer = torch.optim.SGD(parameters, lr=rate)
        losses = torch.empty(0)
        for step in range(steps + 1):
            losses = _losses(self._forward(parameters, inputs), labels)
            if step < steps:
                optimizer.zero_grad()
                losses.sum().backward()
                optimizer.step()
        return each_finite(losses.tolist())

    def _forward(self, parameters: list[nn.Parameter], inputs: Tensor) -> Tensor:
        layers = len(self.weights)
        x = inputs.expand(len(self.sigma_w), *inputs.shape)
        for number, (weight, bias) in enumerate(zip(parameters[:layers], parameters[layers:], strict=True)):
            z = torch.baddbmm(bias, x, weight.transpose(1, 2))
            x = self.phi(z) if number < layers - 1 else z
        return x


def _losses(logits: Tensor, labels: Tensor) -> Tensor:
    """The mean cross entropy of each network: (P, B, classes), (B,) -> (P,)."""
    points, batch, _ = logits.shape
    each = functional.cross_entropy(logits.flatten(0, 1), labels.repeat(points), reduction="none")
    return each.reshape(points, batch).mean(1)


def _mean_square(z: Tensor) -> Tensor:
    return z.double().square().mean((1, 2))


def flops(config: SweepConfig) -> int:
    """Floating point operations of the whole map, about."""
    base = config.base
    sizes = [base.input_shape[0], *[base.network.width] * base.network.depth, base.classes]
    weights = sum(a * b for a, b in pairwise(sizes))
    return 6 * weights * base.batch_size * config.sigma_w2.count * config.sigma_b2.count * (1 + config.train_steps)


def memory_bytes(config: SweepConfig) -> int:
    """Memory of one row of networks, about: activations and gradients, and where they are trained their weights."""
    base, points = config.base, config.sigma_w2.count
    activations = 3 * points * base.batch_size * base.network.width * base.network.depth
    own = 3 * points * base.network.width**2 * base.network.depth if config.train_steps else 0
    return 4 * (activations + own)


def as_run(config: SweepConfig, sigma_w2: float, sigma_b2: float) -> dict[str, Any]:
    """The configuration of the network at one point of the map, as a run of its own."""
    given = config.base.model_dump(mode="json")
    return {**given, "init": {"name": "variance_scaling", "scale": sigma_w2, "mode": "fan_in", "distribution": "normal"},
            "bias_init": {"name": "normal", "std": math.sqrt(sigma_b2)}}
