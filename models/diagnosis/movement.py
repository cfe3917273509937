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

    rows:    each row's update over its weights, as norms
    first:   the same for the first step, which may be larger than those to come
    jolt:    by how much of itself the first step moves the last hidden layer, to first order
    lasting: the same for those to come
    stride:  the sum of `rows`
    passed:  what the last hidden layer makes of each row's change: the jolt is the sum of `first` times this
    """

    rows: tuple[float, ...]
    first: tuple[float, ...]
    jolt: float
    lasting: float
    stride: float
    passed: tuple[float, ...]

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
    gradient's own size moves every weight by about lr, as far as that size is above eps. The jolt is the sum of the rows' changes by the
    first step, each times its leverage over the last hidden row's: ReLU passes every row's change on as it is (1), a chaotic network makes
    more of it on the way, an ordered one less. RMSprop's running mean of squares starts at 0, and unlike Adam's it is not corrected for
    that: of the first square it has seen 1 - alpha, so that its first step is 1 / sqrt(1 - alpha) = 10 times lr.

    last_hidden: the last hidden row's leverage       each: how many of the network's rows one of `rows` stands for
    """
    cut, moving = _clip(training.clip_norm, [row.gradient for row in rows], each), [row for row in rows if row.weight]
    moved, first = ([_moved(training, row.gradient * cut, row.count, seen) / row.weight for row in moving]
                    for seen in (1.0, 1.0 - training.optimizer.params.get("alpha", 0.0)))
    passed = [each * (row.leverage / last_hidden if last_hidden else 1.0) for row in moving]
    jolt, lasting = (sum(part * share for part, share in zip(parts, passed, strict=True)) for parts in (first, moved))
    return Movement(tuple(moved), tuple(first), jolt, lasting, each * sum(moved), tuple(passed))


def _moved(training: TrainingConfig, gradient: float, count: int, seen: float) -> float:
    """seen: the share of the gradient's square that the running mean of squares has."""
    p = training.optimizer.params
    if is_adaptive(training):
        typical = gradient / math.sqrt(count)
        gradient = math.sqrt(count) * typical / (math.sqrt(seen) * typical + p["eps"])
    rate: float = p["lr"] / (1.0 - p.get("momentum", 0.0))
    return rate * gradient


def _clip(limit: float | None, norms: Sequence[float], each: float) -> float:
    """What clipping multiplies the gradient by."""
    total = math.sqrt(each * sum(norm * norm for norm in norms))
    return 1.0 if limit is None or total <= limit else limit / total
