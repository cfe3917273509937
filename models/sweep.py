"""A map: a grid of networks over (sigma_w^2, sigma_b^2), its configuration, its cost and what a row of it says."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from models.choices import Parameter, Strict
from models.config import Identified, RunConfig
from models.cost import FLOAT, parameter_count
from models.optimizers import OPTIMIZERS
from models.words import say

COUNT = Parameter("count", "int", 24, "points", "Points of the axis, both ends included.", low=2, high=128, slider=(4, 64))
STEPS = Parameter("train_steps", "int", 0, "steps", "Steps that each network is trained for; 0 = only look at initialization.",
                  low=0, high=10_000, slider=(0, 500))


class Axis(Strict):
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
        """The values, from low to high."""
        values: list[float] = np.linspace(self.low, self.high, self.count).tolist()
        return values


class SweepConfig(Identified):
    """A map of fully connected networks without normalization; `base` gives everything but the two variances."""

    family: ClassVar[str] = "sweep, 3 "
    """The number counts what changed the numbers of maps, but of no run: since 2 a map looks at its runs' batches, since 3 it trains
    PReLU's slope."""

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
        if network.bias is False:
            raise PydanticCustomError("does_not_fit", "{problem}", {
                "field": "base.network.bias", "problem": say("the networks of a map have biases, of variance σ_b²: choose auto or true")})
        return self


class SweepRow(TypedDict):
    """One row of the map: all sigma_w^2 at one sigma_b^2. Lists have an entry a point; None is a number that is not finite.

    seq:         number of the row, from 0
    q:           mean square of the last hidden layer's pre-activations
    correlation: mean cosine between two examples' pre-activations there
    chi:         geometric mean of the factors by which a layer multiplies the gradient's mean square, over all hidden layers but the last
    loss:        at initialization
    final_loss:  after `train_steps`, on the next batch, as a run's last frame has it; None also where the networks are not trained
    """

    seq: int
    sigma_b2: float
    sigma_w2: list[float]
    q: list[float | None]
    correlation: list[float | None]
    chi: list[float | None]
    loss: list[float | None]
    final_loss: list[float | None]


def flops(config: SweepConfig) -> int:
    """Floating point operations of the whole map, about."""
    base = config.base
    sizes = [base.input_shape[0], *[base.network.width] * base.network.depth, base.classes]
    weights = sum(a * b for a, b in pairwise(sizes))
    return 6 * weights * base.batch_size * config.sigma_w2.count * config.sigma_b2.count * (1 + config.train_steps)


def memory_bytes(config: SweepConfig) -> int:
    """Memory of one row of networks, about: activations with their gradients (of one layer also in double precision, which is 5 more) and,
    where the networks are trained, weights with theirs and what the optimizer keeps."""
    base, points = config.base, config.sigma_w2.count
    activations = (3 * base.network.depth + 5) * points * base.batch_size * base.network.width
    each = 3 + OPTIMIZERS[base.training.optimizer.name].state
    own = each * points * parameter_count(base) if config.train_steps else 0
    return FLOAT * (activations + own)


def as_run(config: SweepConfig, sigma_w2: float, sigma_b2: float) -> dict[str, Any]:
    """The configuration of a run of the network at one point of the map, as JSON."""
    given = config.base.model_dump(mode="json")
    return {**given, "init": {"name": "variance_scaling", "scale": sigma_w2, "mode": "fan_in", "distribution": "normal"},
            "bias_init": {"name": "normal", "std": math.sqrt(sigma_b2)}}
