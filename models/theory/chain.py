"""The forward recursion through every row of the network: mean squares, and the gap between two inputs.

A layer of width N -> infinity (Poole et al. 2016, 1606.05340):

    v_l = sigma_w^2 p_{l-1} + sigma_b^2,   p_l = E[phi(sqrt(q_l) z)^2],   q_l = v_l without a normalization

p is the mean square of what a layer hands on. Two inputs are followed by their gap, g = p - E[x_a x_b] / N, which starts at
p_0 (1 - c_0): sigma_b^2 cancels from it, so that 1 - c_l = sigma_w^2 g_{l-1} / v_l keeps its accuracy as c -> 1.
A convolution hands on the correlation of two pixels a fixed distance apart as it is, averaged over the image (Xiao et al. 2018), so that
two pixels are two inputs, too: of one image, and of two. Global average pooling then leaves the mean product over all pairs.
 normalization before phi: layer, group, rms: q = v / (v + eps).  batch: v is the variance over the batch,
                           sigma_w^2 g (B - 1) / B, and two examples have correlation -1 / (B - 1) (Yang et al. 2019, 1902.08129);
                           instance: the same over the pixels of one image
 normalization after phi:  p = (E[phi^2] - E[phi]^2) / (the same + eps), rms without the mean; batch, instance: as before phi
 dropout:                  p / keep, while the product of two inputs, whose masks differ, stays (Schoenholz et al. 2017, 1611.01232)
 residual:                 p_l = p_{l-1} + E[phi^2] + 2 m_{l-1} E[phi], m the mean over units (Yang & Schoenholz 2017, 1712.08969)
 convolution:              circular: as above, sigma_w^2 = fan_in Var(w) (Xiao et al. 2018, 1806.05393). zero padding: p and q are
                           images, and a pixel's v sums over the taps that lie inside
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from models.theory.gaussian import near_moment, near_moments
from models.theory.layers import Layer, Plan
from models.theory.nonlinearity import Array
from models.theory.pair import gap

Value = float | Array
"""A number, or an image (H, W) of them where zero padding makes it depend on the position."""


PAIRS = ("two inputs", "two pixels of one input", "two pixels of two inputs")
"""What is compared, in this order; the first at the same pixel."""


@dataclass(frozen=True, slots=True)
class Correlations:
    """Of the input: cosines of PAIRS, the pixels' averaged over all distances but 0; None where they are not known."""

    inputs: float
    pixels: float | None = None
    across: float | None = None


@dataclass(frozen=True, slots=True)
class Fields:
    """Of what units of the first layer see (models/receptive.py): mean square, participation ratio, the variance of single fields'
    mean squares over its mean squared, the mean cosine of two, counted by their mean squares, the third moment of the mean squares around
    the mean, over its cube, and the share of the mean square that is the fields' mean's; None where they are not known."""

    mean_square: float | None = None
    participation: float | None = None
    spread: float | None = None
    correlation: float | None = None
    third: float | None = None
    mean_share: float | None = None


UNKNOWN = Fields()


@dataclass(frozen=True, slots=True)
class Signal:
    """What a layer hands on: mean square, mean over units, and the gaps of PAIRS (of the first alone without pixels).

    behind: the square of what a normalization behind phi multiplied by
    """

    square: Value
    mean: Value
    gaps: tuple[float, ...]
    behind: float = 1.0


@dataclass(slots=True)
class Chain:
    """Row by row: q (what enters phi), the variance v before the normalization, p, 1 - c of PAIRS and sigma_w^2.

    behind: the square of what a normalization behind phi multiplies by, 1 without one
    pooled: mean square of what the output row reads, the pixels' mean
    fields: of the input
    """

    q: list[float] = field(default_factory=list)
    v: list[float] = field(default_factory=list)
    p: list[float] = field(default_factory=list)
    one_minus_c: list[float] = field(default_factory=list)
    sigma_w2: list[float] = field(default_factory=list)
    pairs: list[tuple[float, ...]] = field(default_factory=list)
    behind: list[float] = field(default_factory=list)
    pooled: float = math.nan
    fields: Fields = UNKNOWN

    def append(self, q: float, v: float, p: float, pairs: tuple[float, ...], sigma_w2: float) -> None:
        for column, value in zip(self._columns(), (q, v, p, pairs[0], sigma_w2), strict=True):
            column.append(value)
        self.pairs.append(pairs)

    def repeat_last(self, times: int) -> None:
        for column in self._columns():
            column.extend(column[-1:] * times)
        self.pairs.extend(self.pairs[-1:] * times)
        self.behind.extend(self.behind[-1:] * times)

    def _columns(self) -> tuple[list[float], ...]:
        return self.q, self.v, self.p, self.one_minus_c, self.sigma_w2


def chain(plan: Plan, mean_square: float, correlations: Correlations, fields: Fields = UNKNOWN) -> Chain:
    """All rows from 1 to depth + 1, the output layer; stops early where nothing changes any more."""
    rows, signal = Chain(fields=fields), start(plan, mean_square, correlations)
    for row in range(1, plan.depth + 1):
        before = signal
        signal = hidden_row(plan, row, signal, rows)
        if row > 1 and _settled(before, signal):
            rows.repeat_last(plan.depth - row)
            break
    _output_row(plan, signal, rows)
    return rows


def start(plan: Plan, mean_square: float, correlations: Correlations) -> Signal:
    square: Value = np.full((plan.size, plan.size), mean_square) if plan.kernel > 1 else mean_square
    known = [correlations.inputs]
    if plan.pixels > 1 and correlations.pixels is not None and correlations.across is not None:
        known += [correlations.pixels, correlations.across]
    return Signal(square, 0.0, tuple(mean_square * (1.0 - c) for c in known))


def hidden_row(plan: Plan, row: int, signal: Signal, rows: Chain) -> Signal:
    """One hidden layer: appends its numbers to `rows` and returns what it hands on."""
    layer = plan.layer(row)
    weight = scale(plan, layer, signal)
    v, pairs = before_norm(plan, layer, weight, signal)
    whole = level(v)
    q, around = (v / (whole + plan.eps), whole / (whole + plan.eps)) if plan.pre != "none" else (v, whole)
    made = activated(plan, q, around, pairs)
    passed = added(signal, made) if plan.residual and row > 1 else made
    total = around + plan.nl.centres[0] ** 2
    rows.behind.append(made.behind)
    rows.append(total, whole, level(passed.square), tuple(gap * around / total if total > 0 else 0.0 for gap in pairs), weight)
    return passed


def scale(plan: Plan, layer: Layer, signal: Signal) -> float:
    """sigma_w^2; for LSUV what makes the variance of the layer's output 1 before the gain, unless nothing arrives there."""
    return fitted(plan, layer, level(taps_inside(signal.square, plan.kernel))) if plan.unit else layer.forward


def fitted(plan: Plan, layer: Layer, square: float) -> float:
    """LSUV's sigma_w^2 for what arrives with this mean square."""
    return float(plan.config.init.params["gain"]) ** 2 * (1.0 - layer.bias) / square if plan.unit and square > 0 else layer.forward


def before_norm(plan: Plan, layer: Layer, weight: float, signal: Signal) -> tuple[Value, tuple[float, ...]]:
    """The variance v of a unit's weighted sum, and 1 - c of PAIRS; padding takes the same share from their gaps."""
    inside, whole = taps_inside(signal.square, plan.kernel), level(signal.square)
    share = level(inside) / whole if plan.kernel > 1 and whole > 0 else 1.0
    differences = [weight * share * difference for difference in signal.gaps]
    if not isinstance(signal.square, float) and share > 0 and whole > 0 and len(differences) > 1:
        lost = weight * (share - both_inside(signal.square, plan.kernel))
        differences[1:] = [difference + lost * (whole - gap) for difference, gap in zip(differences[1:], signal.gaps[1:], strict=True)]
    if plan.pre in AROUND_MEAN:
        return around_mean(plan, plan.pre, tuple(differences))
    v = weight * inside + layer.bias
    mean = level(v)
    return v, tuple(min(difference / mean, 2.0) if mean > 0 else 0.0 for difference in differences)


AROUND_MEAN = ("batch", "instance")
"""Normalizations that take a mean over examples or pixels away: what varies of a unit over them is left, known from the gaps."""


def around_mean(plan: Plan, name: str, gaps: tuple[float, ...]) -> tuple[float, tuple[float, ...]]:
    """The variance of a unit around its mean over the batch and its pixels, or over one image's pixels, and 1 - c of PAIRS then."""
    examples, pixels = 1.0 - 1.0 / plan.batch, 1.0 - 1.0 / plan.pixels
    if name == "batch":
        v = examples * gaps[0]
        if len(gaps) > 1:
            v = (1.0 - examples) * pixels * gaps[1] + examples * ((1.0 - pixels) * gaps[0] + pixels * gaps[2])
        return v, tuple(min(gap / v, 2.0) if v > 0 else 0.0 for gap in gaps)
    inputs, same, across = gaps
    c = min(max((across - inputs) / same, -1.0), 1.0) if same > 0 else 1.0
    return pixels * same, (1.0 - c, 1.0 / pixels, 1.0 + c / (plan.pixels - 1))


def activated(plan: Plan, q: Value, around: float, pairs: tuple[float, ...]) -> Signal:
    """phi, the normalization behind it, and dropout; `around` is the mean of q over positions."""
    square, mean, (at_mean, middle) = moments(plan, q, around)
    shared = level(square) / at_mean if at_mean > 0 else 1.0  # the same share of E[phi^2] as at the mean q
    gaps = [shared * gap(plan.nl, around, one_minus_c) for one_minus_c in pairs]
    if not isinstance(square, float):  # two positions' means E[phi] differ, and what varies around them
        whole, left, constant = level(square), uneven(square), shared * middle**2
        gaps[1:] = [whole - level(mean) ** 2 - left * (whole - constant - found) for found in gaps[1:]]
    made = Signal(square, mean, tuple(gaps))
    if plan.post != "none":
        made = normalized(plan, made)
    if plan.keep == 1.0:
        return made
    own = level(made.square) * (1.0 / plan.keep - 1.0)
    return Signal(made.square / plan.keep, made.mean, tuple(value + own for value in made.gaps), made.behind)


def normalized(plan: Plan, made: Signal) -> Signal:
    """What a normalization behind phi makes of it."""
    if plan.post in AROUND_MEAN:
        spread, pairs = around_mean(plan, plan.post, made.gaps)
        factor, centre = 1.0 / (spread + plan.eps), level(made.square) - spread
        square = around_middle(made, centre) * factor
        return Signal(square, off_middle(made.mean) * factor**0.5, tuple(spread * factor * one_minus_c for one_minus_c in pairs), factor)
    centre = 0.0 if plan.post == "rms" else min(level(made.mean) ** 2, level(made.square))  # equal up to rounding where phi is constant
    factor = 1.0 / (level(made.square) - centre + plan.eps)
    mean = (made.mean if plan.post == "rms" else off_middle(made.mean)) * factor**0.5
    return Signal(around_middle(made, centre) * factor, mean, tuple(factor * value for value in made.gaps), factor)


def off_middle(mean: Value) -> Value:
    """What a position's mean over units has beyond that of all positions."""
    return 0.0 if isinstance(mean, float) else mean - level(mean)


def around_middle(made: Signal, centre: float) -> Value:
    """The mean square around a common mean of this square, position by position: at an edge the mean over units is another. What that
    square has beyond theirs, of inputs that are alike, counts as the same at all positions."""
    if isinstance(made.square, float):
        return max(made.square - centre, 0.0)
    crossed = level(made.mean) * off_middle(made.mean) if centre > 0.0 else 0.0
    result: Array = np.maximum(made.square - centre - 2.0 * crossed, 0.0)
    return result


def moments(plan: Plan, q: Value, around: float) -> tuple[Value, Value, tuple[float, float]]:
    """E[phi^2] and E[phi], and both at the mean q; at 0 and beyond float64's range too."""
    if not isinstance(q, float):
        return moments_of_image(plan, q, around)
    if q == 0:
        at_zero = float(plan.nl.phi(np.zeros(1))[0])
        return at_zero**2, at_zero, (at_zero**2, at_zero)
    square, mean = near_moment(plan.nl, q) if math.isfinite(q) else (q, q)
    return square, mean, (square, mean)


def moments_of_image(plan: Plan, q: Array, around: float) -> tuple[Array, Array, tuple[float, float]]:
    """The same for an image, by the pixels that its symmetry leaves apart."""
    first, back = _mirrored(q.shape[0])
    asked = np.empty(first.size + 1)
    asked[:-1], asked[-1] = q.ravel()[first], around
    square, mean, *_ = near_moments(plan.nl, asked)
    return square[back], mean[back], (float(square[-1]), float(mean[-1]))


@lru_cache(maxsize=64)
def _mirrored(size: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Of a square image that looks the same when it is turned or mirrored: one pixel of each kind, and which kind each pixel is."""
    edge = np.minimum(np.arange(size), np.arange(size)[::-1])
    kinds = np.maximum.outer(edge, edge) * size + np.minimum.outer(edge, edge)
    _, first, back = np.unique(kinds, return_index=True, return_inverse=True)
    return first, back.reshape(size, size)


def added(signal: Signal, made: Signal) -> Signal:
    """The skip connection: fresh weights make phi's mean over them the same for every unit, hence 2 m E[phi]."""
    gaps = [before + new for before, new in zip(signal.gaps, made.gaps, strict=True)]
    product = signal.mean * made.mean
    gaps[1:] = [gap + 2.0 * (level(product) - level(signal.mean) * level(made.mean)) for gap in gaps[1:]]  # two positions' means differ
    return Signal(signal.square + made.square + 2.0 * product, signal.mean + made.mean, tuple(gaps))


def taps_inside(square: Value, kernel: int) -> Value:
    """The mean over a kernel's taps, those outside the image counting as 0."""
    if isinstance(square, float) or kernel == 1:
        return square
    inside = _inside(square.shape[0], kernel)
    result: Array = inside @ square @ inside.T
    return result


def share_inside(plan: Plan) -> float:
    """What zero padding leaves of an even image's mean square."""
    return level(taps_inside(np.ones((plan.size, plan.size)), plan.kernel))


@lru_cache(maxsize=64)
def _inside(size: int, kernel: int) -> Array:
    """The share that each pixel of a line has in the mean over another one's taps."""
    index = np.arange(size)
    shares: Array = (np.abs(np.subtract.outer(index, index)) <= kernel // 2) / kernel
    return shares


def both_inside(square: Array, kernel: int) -> float:
    """The share of two pixels' product that a kernel leaves whose taps outside the image count as 0, over all pairs that are equally
    correlated: the mean over the taps of the squared mean root that lies inside, over the squared mean root."""
    root, cut = np.sqrt(square), cuts(square.shape[0], kernel)
    left = cut @ root @ cut.T
    return float((left * left).mean()) / float(root.sum()) ** 2


@lru_cache(maxsize=64)
def cuts(size: int, kernel: int) -> Array:
    """Whether a pixel of a line lies inside when shifted by each of a kernel's taps (kernel, size)."""
    shifted = np.add.outer(np.arange(kernel) - kernel // 2, np.arange(size))
    return ((shifted >= 0) & (shifted < size)).astype(np.float64)


def uneven(square: Array) -> float:
    """What is left of the product of two pixels of equal mean square, over all pairs, where that differs: the squared mean root's share."""
    return level(np.sqrt(square)) ** 2 / level(square) if square.any() else 1.0


def level(value: Value) -> float:
    """The mean over positions."""
    return value if isinstance(value, float) else float(value.ravel() @ _ones(value.size)) / value.size  # a third of what sum() takes


@lru_cache(maxsize=64)
def _ones(size: int) -> Array:
    return np.ones(size)


def _output_row(plan: Plan, signal: Signal, rows: Chain) -> None:
    """The logits: no normalization, no activation; of an image they read the mean over the pixels."""
    layer = plan.last
    rows.pooled, difference = pooled(plan, signal)
    weight = fitted(plan, layer, rows.pooled)
    q = weight * rows.pooled + layer.bias + layer.shift**2
    rows.append(q, q, q, (min(weight * difference / q, 2.0) if q else math.nan,), weight)


def pooled(plan: Plan, signal: Signal) -> tuple[float, float]:
    """Mean square and gap of two inputs, of the mean over the pixels: not a number where the pixels' correlation is not known."""
    square, other = level(signal.square), 1.0 - 1.0 / plan.pixels
    if other == 0.0:
        return square, signal.gaps[0]
    if len(signal.gaps) == 1:
        return math.nan, math.nan
    inputs, pixels, across = signal.gaps
    return square - other * pixels, (1.0 - other) * inputs + other * (across - pixels)


def _settled(before: Signal, after: Signal) -> bool:
    """Nothing changes by more than rounding, and the gap has converged or gone."""
    least = 1e-17 * level(after.square)
    gaps = all(new <= least or _close(old, new, 1e-12) for old, new in zip(before.gaps, after.gaps, strict=True))
    return gaps and _close(before.square, after.square, 1e-13) and _close(before.mean, after.mean, 1e-13)


def _close(before: Value, after: Value, tolerance: float) -> bool:
    if isinstance(before, float) and isinstance(after, float):
        return abs(after - before) <= tolerance * abs(after)
    return bool(np.all(np.abs(after - before) <= tolerance * np.abs(after)))
