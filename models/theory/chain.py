"""The forward recursion through every row of the network: mean squares, and the gap between two inputs.

A layer of width N -> infinity (Poole et al. 2016, 1606.05340):

    v_l = sigma_w^2 p_{l-1} + sigma_b^2,   p_l = E[phi(sqrt(q_l) z)^2],   q_l = v_l without a normalization

p is the mean square of what a layer hands on. Two inputs are followed by their gap, g = p - E[x_a x_b] / N, which starts at
p_0 (1 - c_0): sigma_b^2 cancels from it, so that 1 - c_l = sigma_w^2 g_{l-1} / v_l keeps its accuracy as c -> 1.
 normalization before phi: layer, group, rms: q = v / (v + eps).  batch: v is the variance over the batch,
                           sigma_w^2 g (B - 1) / B, and two examples have correlation -1 / (B - 1) (Yang et al. 2019, 1902.08129)
 normalization after phi:  p = (E[phi^2] - E[phi]^2) / (the same + eps), rms without the mean
 dropout:                  p / keep, while the product of two inputs, whose masks differ, stays (Schoenholz et al. 2017, 1611.01232)
 residual:                 p_l = p_{l-1} + E[phi^2] + 2 m_{l-1} E[phi], m the mean over units (Yang & Schoenholz 2017, 1712.08969)
 convolution:              circular: as above, sigma_w^2 = fan_in Var(w) (Xiao et al. 2018, 1806.05393). zero padding: p and q are
                           images, and a pixel's v sums over the taps that lie inside
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from models.theory.gaussian import averages, second_moment
from models.theory.layers import Layer, Plan
from models.theory.nonlinearity import Array
from models.theory.pair import gap

Value = float | Array
"""A number, or an image (H, W) of them where zero padding makes it depend on the position."""


@dataclass(frozen=True, slots=True)
class Signal:
    """What a layer hands on: mean square, mean over units, and the gap of two inputs."""

    square: Value
    mean: Value
    gap: float


@dataclass(slots=True)
class Chain:
    """Row by row: q (what enters phi), the variance v before the normalization, p, 1 - c and sigma_w^2."""

    q: list[float] = field(default_factory=list)
    v: list[float] = field(default_factory=list)
    p: list[float] = field(default_factory=list)
    one_minus_c: list[float] = field(default_factory=list)
    sigma_w2: list[float] = field(default_factory=list)

    def append(self, *values: float) -> None:
        for column, value in zip((self.q, self.v, self.p, self.one_minus_c, self.sigma_w2), values, strict=True):
            column.append(value)

    def repeat_last(self, times: int) -> None:
        for column in (self.q, self.v, self.p, self.one_minus_c, self.sigma_w2):
            column.extend(column[-1:] * times)


def chain(plan: Plan, mean_square: float, correlation: float) -> Chain:
    """All rows from 1 to depth + 1, the output layer; stops early where nothing changes any more."""
    rows, signal = Chain(), start(plan, mean_square, correlation)
    for row in range(1, plan.depth + 1):
        before = signal
        signal = hidden_row(plan, row, signal, rows)
        if row > 1 and _settled(before, signal):
            rows.repeat_last(plan.depth - row)
            break
    _output_row(plan, signal, rows)
    return rows


def start(plan: Plan, mean_square: float, correlation: float) -> Signal:
    square: Value = np.full((plan.size, plan.size), mean_square) if plan.kernel > 1 else mean_square
    return Signal(square, 0.0, mean_square * (1.0 - correlation))


def hidden_row(plan: Plan, row: int, signal: Signal, rows: Chain) -> Signal:
    """One hidden layer: appends its numbers to `rows` and returns what it hands on."""
    layer = plan.layer(row)
    weight = scale(plan, layer, signal)
    v, one_minus_c = before_norm(plan, layer, weight, signal)
    q = v / (level(v) + plan.eps) if plan.pre != "none" else v
    made = activated(plan, q, one_minus_c)
    passed = added(signal, made) if plan.residual and row > 1 else made
    shift = plan.nl.centres[0] ** 2
    total = level(q) + shift
    rows.append(total, level(v), level(passed.square), one_minus_c * level(q) / total if total > 0 else 0.0, weight)
    return passed


def scale(plan: Plan, layer: Layer, signal: Signal) -> float:
    """sigma_w^2; for LSUV what makes the variance of the layer's output 1, unless nothing arrives there."""
    square = level(signal.square)
    return (1.0 - layer.bias) / square if plan.unit and square > 0 else layer.forward


def before_norm(plan: Plan, layer: Layer, weight: float, signal: Signal) -> tuple[Value, float]:
    """The variance v of a unit's weighted sum, and 1 - c of two inputs; padding takes the same share from their gap."""
    inside = taps_inside(signal.square, plan.kernel)
    share = level(inside) / level(signal.square) if plan.kernel > 1 and level(signal.square) > 0 else 1.0
    difference = weight * share * signal.gap
    if plan.pre == "batch":
        return difference * (plan.batch - 1) / plan.batch, plan.batch / (plan.batch - 1)
    v = weight * inside + layer.bias
    return v, min(difference / level(v), 2.0) if level(v) > 0 else 0.0


def activated(plan: Plan, q: Value, one_minus_c: float) -> Signal:
    """phi, the normalization behind it, and dropout."""
    square, mean = moments(plan, q)
    difference = gap(plan.nl, level(q), one_minus_c)
    at_mean = second_moment(plan.nl, level(q))[0] if not isinstance(q, float) and difference > 0 else 0.0
    if at_mean > 0:  # the same share of E[phi^2] as at the mean q
        difference *= level(square) / at_mean
    if plan.post != "none":
        spread = level(square) - (0.0 if plan.post == "rms" else level(mean) ** 2)
        factor = 1.0 / (spread + plan.eps)
        square = (square - (0.0 if plan.post == "rms" else level(mean) ** 2)) * factor
        mean, difference = (mean * factor**0.5 if plan.post == "rms" else 0.0), difference * factor
    return Signal(square / plan.keep, mean, difference + level(square) * (1.0 / plan.keep - 1.0))


def moments(plan: Plan, q: Value) -> tuple[Value, Value]:
    """E[phi^2] and E[phi]; at 0 and beyond float64's range too."""
    if not isinstance(q, float):
        return moments_of_image(plan, q)
    if q == 0:
        at_zero = float(plan.nl.phi(np.zeros(1))[0])
        return at_zero**2, at_zero
    return second_moment(plan.nl, q) if math.isfinite(q) else (q, q)


def moments_of_image(plan: Plan, q: Array) -> tuple[Array, Array]:
    """The same for an image, by its distinct values: a symmetric image has few."""
    values, back = np.unique(q, return_inverse=True)
    found = averages(plan.nl, values)
    return found.square[back].reshape(q.shape), found.mean[back].reshape(q.shape)


def added(signal: Signal, made: Signal) -> Signal:
    """The skip connection: fresh weights make phi's mean over them the same for every unit, hence 2 m E[phi]."""
    return Signal(signal.square + made.square + 2.0 * signal.mean * made.mean, signal.mean + made.mean, signal.gap + made.gap)


def taps_inside(square: Value, kernel: int) -> Value:
    """The mean over a kernel's taps, those outside the image counting as 0."""
    if isinstance(square, float) or kernel == 1:
        return square
    reach, size = kernel // 2, square.shape[0]
    index = np.arange(size)
    inside = (np.abs(np.subtract.outer(index, index)) <= reach) / kernel
    found = inside @ square @ inside.T
    found = found + found.T
    found = found + found[::-1]
    result: Array = (found + found[:, ::-1]) / 8  # rounding would break the symmetry that `moments_of_image` lives on
    return result


def level(value: Value) -> float:
    """The mean over positions."""
    return value if isinstance(value, float) else float(value.sum()) / value.size


def _output_row(plan: Plan, signal: Signal, rows: Chain) -> None:
    """The logits: no normalization, no activation. Unknown for convolutions, whose pooled mean depends on pixels' correlations."""
    layer = plan.last
    weight = scale(plan, layer, signal)
    q = weight * level(signal.square) + layer.bias + layer.shift**2 if plan.config.network.kind == "mlp" else float("nan")
    rows.append(q, q, q, min(weight * signal.gap / q, 2.0) if q else float("nan"), weight)


def _settled(before: Signal, after: Signal) -> bool:
    """Nothing changes by more than rounding, and the gap has converged or gone."""
    close = _close(before.square, after.square, 1e-13) and _close(before.mean, after.mean, 1e-13)
    return close and (after.gap <= 1e-17 * level(after.square) or _close(before.gap, after.gap, 1e-12))


def _close(before: Value, after: Value, tolerance: float) -> bool:
    if isinstance(before, float) and isinstance(after, float):
        return abs(after - before) <= tolerance * abs(after)
    return bool(np.all(np.abs(after - before) <= tolerance * np.abs(after)))
