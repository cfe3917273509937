"""Movement: by how much of itself an optimizer's first step moves each row, from the sizes of weights and gradients."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from models.config import TrainingConfig


@dataclass(frozen=True, slots=True)
class Row:
    """l2 norms of a row's weights and of their gradient, how many weights, and |z| |dL/dz|."""

    weight: float
    gradient: float
    count: int
    leverage: float


@dataclass(frozen=True, slots=True)
class Movement:
    """How far one step moves a network.

    rows:   each row's update over its weights, as norms
    jolt:   by how much of itself the step moves the last hidden layer, to first order
    stride: the sum of `rows`
    """

    rows: tuple[float, ...]
    jolt: float
    stride: float

    @property
    def typical(self) -> float:
        """The median of `rows`; 0 where there is none."""
        return median(self.rows) if self.rows else 0.0


def is_adaptive(training: TrainingConfig) -> bool:
    """Whether the optimizer divides each gradient by its own size."""
    return "eps" in training.optimizer.params


def movement(training: TrainingConfig, rows: Sequence[Row], last_hidden: float, each: float = 1.0) -> Movement:
    """The movement of the rows that have weights.

    With sgd a row moves by lr |g| / |w|, with momentum by that over 1 - momentum (the sum of many steps). An optimizer that divides by the
    gradient's own size moves every weight by about lr, as far as that size is above eps. The jolt is the sum of the rows' changes, each
    times its leverage over the last hidden row's: ReLU passes every row's change on as it is (1), a chaotic network makes more of it on the
    way, an ordered one less.

    last_hidden: the last hidden row's leverage       each: how many of the network's rows one of `rows` stands for
    """
    cut, moving = _clip(training.clip_norm, [row.gradient for row in rows], each), [row for row in rows if row.weight]
    moved = [_moved(training, row.gradient * cut, row.count) / row.weight for row in moving]
    jolt = sum(part * row.leverage / last_hidden for part, row in zip(moved, moving, strict=True)) if last_hidden else sum(moved)
    return Movement(tuple(moved), each * jolt, each * sum(moved))


def _moved(training: TrainingConfig, gradient: float, count: int) -> float:
    p = training.optimizer.params
    if is_adaptive(training):
        typical = gradient / math.sqrt(count)
        gradient = math.sqrt(count) * typical / (typical + p["eps"])
    rate: float = p["lr"] / (1.0 - p.get("momentum", 0.0))
    return rate * gradient


def _clip(limit: float | None, norms: Sequence[float], each: float) -> float:
    """What clipping multiplies the gradient by."""
    total = math.sqrt(each * sum(norm * norm for norm in norms))
    return 1.0 if limit is None or total <= limit else limit / total
