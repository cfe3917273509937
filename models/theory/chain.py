"""The forward recursion through every row of the network: mean squares, and the gap between two inputs.

A layer of width N -> infinity (Poole et al. 2016, 1606.05340):

    v_l = sigma_w^2 p_{l-1} + sigma_b^2,   p_l = E[phi(sqrt(q_l) z)^2],   q_l = v_l without a normalization

p is the mean square of what a layer hands on. Two inputs a and b are followed by their gap g = p - x_a . x_b / N, which starts at
p_0 (1 - c_0). sigma_b^2 cancels from it, so that 1 - c_l = sigma_w^2 g_{l-1} / v_l keeps its accuracy as c -> 1.
A convolution keeps the correlation of two pixels a fixed distance apart, averaged over the image (Xiao et al. 2018). So two pixels, of one
image or of two images, are followed in the same way as two inputs. Global average pooling then leaves the mean product over all pairs.

What a layer may have beside weights and phi:

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

import numpy as np

from models.theory.interpolated import near_moment, near_moments
from models.theory.layers import Layer, Plan
from models.theory.nonlinearity import Array
from models.theory.padding import Value, both_inside, level, mirrored, taps_inside, uneven
from models.theory.pair import gap

PAIRS = ("two inputs", "two pixels of one input", "two pixels of two inputs")
"""What is compared, in this order; the first at the same pixel."""


@dataclass(frozen=True, slots=True)
class Correlations:
    """Cosines of PAIRS in the input, those of two pixels averaged over all distances but 0; None where they are not known."""

    inputs: float
    pixels: float | None = None
    across: float | None = None


@dataclass(frozen=True, slots=True)
class Fields:
    """What units of the first layer see of the input, their fields (models/receptive.py); None where it is not known.

    mean_square:   over all fields                participation: participation ratio tr(S)^2 / tr(S^2) of their second moments S
    spread, third: second and third central moment of single fields' mean squares, over the mean's square and cube
    correlation:   mean cosine of two fields, each counted by its mean square
    mean_share:    square of the fields' mean, over the mean square;  along_mean: the same of what lies along the mean alone
    """

    mean_square: float | None = None
    participation: float | None = None
    spread: float | None = None
    correlation: float | None = None
    third: float | None = None
    mean_share: float | None = None
    along_mean: float | None = None


UNKNOWN = Fields()


@dataclass(frozen=True, slots=True)
class Signal:
    """What a layer hands on.

    square: mean square     mean: mean over the units     gaps: of PAIRS; only of two inputs where there are no pixels
    behind: the square of the factor by which a normalization behind phi multiplied
    """

    square: Value
    mean: Value
    gaps: tuple[float, ...]
    behind: float = 1.0


@dataclass(slots=True)
class Chain:
    """The recursion's numbers, one entry a row, 1 to depth + 1.

    q:           mean square of what enters phi           v:      variance before the normalization
    p:           mean square of what the row hands on     pairs:  1 - c of PAIRS;  one_minus_c: of the first of them, two inputs
    sigma_w2:    as it is, or as LSUV fits it             behind: Signal.behind of the hidden rows, 1 without a normalization
    pooled:      mean square of what the output row reads: of an image the mean over the pixels
    fields:      what is known of the input
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
    """The input as the first layer receives it."""
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
    """The layer's sigma_w^2; with LSUV the one that makes the variance of its output 1 before the gain, unless nothing arrives there."""
    return fitted(plan, layer, level(taps_inside(signal.square, plan.kernel))) if plan.unit else layer.forward


def fitted(plan: Plan, layer: Layer, square: float) -> float:
    """LSUV's sigma_w^2 for what arrives with this mean square."""
    return float(plan.config.init.params["gain"]) ** 2 * (1.0 - layer.bias) / square if plan.unit and square > 0 else layer.forward


def before_norm(plan: Plan, layer: Layer, weight: float, signal: Signal) -> tuple[Value, tuple[float, ...]]:
    """(the variance v of a unit's weighted sum, 1 - c of PAIRS there). Zero padding takes from the gaps the share that it takes from v."""
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
"""Normalizations that take a unit's mean over examples or pixels away. The variance that is left follows from the gaps."""


def around_mean(plan: Plan, name: str, gaps: tuple[float, ...]) -> tuple[float, tuple[float, ...]]:
    """(the variance of a unit around its mean over the batch and its pixels ("batch"), or over one image's pixels ("instance"), 1 - c of
    PAIRS around that mean)."""
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
    """What phi, the normalization behind it, and dropout make of a signal; `around` is the mean of q over the positions."""
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
    """By how much the mean over units at each position differs from its mean over all positions."""
    return 0.0 if isinstance(mean, float) else mean - level(mean)


def around_middle(made: Signal, centre: float) -> Value:
    """The mean square around a mean whose square is `centre` and that is the same everywhere, position by position: at an edge, where less
    of the image is seen, the mean over units is another. What that square has beyond theirs, where inputs are alike, counts as the same at
    all positions."""
    if isinstance(made.square, float):
        return max(made.square - centre, 0.0)
    crossed = level(made.mean) * off_middle(made.mean) if centre > 0.0 else 0.0
    result: Array = np.maximum(made.square - centre - 2.0 * crossed, 0.0)
    return result


def moments(plan: Plan, q: Value, around: float) -> tuple[Value, Value, tuple[float, float]]:
    """(E[phi^2], E[phi], both at the mean q), for q = 0 and q beyond float64's range too."""
    if not isinstance(q, float):
        return moments_of_image(plan, q, around)
    if q == 0:
        at_zero = float(plan.nl.phi(np.zeros(1))[0])
        return at_zero**2, at_zero, (at_zero**2, at_zero)
    square, mean = near_moment(plan.nl, q) if math.isfinite(q) else (q, q)
    return square, mean, (square, mean)


def moments_of_image(plan: Plan, q: Array, around: float) -> tuple[Array, Array, tuple[float, float]]:
    """The same for an image. Its q is symmetric, so that only one of each group of equal pixels is asked for."""
    first, back = mirrored(q.shape[0])
    asked = np.empty(first.size + 1)
    asked[:-1], asked[-1] = q.ravel()[first], around
    square, mean = near_moments(plan.nl, asked)
    return square[back], mean[back], (float(square[-1]), float(mean[-1]))


def added(signal: Signal, made: Signal) -> Signal:
    """The skip connection's sum. phi's mean over fresh weights is the same for every unit, so that the product has the mean 2 m E[phi]."""
    gaps = [before + new for before, new in zip(signal.gaps, made.gaps, strict=True)]
    product = signal.mean * made.mean
    gaps[1:] = [gap + 2.0 * (level(product) - level(signal.mean) * level(made.mean)) for gap in gaps[1:]]  # two positions' means differ
    return Signal(signal.square + made.square + 2.0 * product, signal.mean + made.mean, tuple(gaps))


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
