"""The cosines of all pairs of a batch's examples and pixels, row by row: their mean, and the means of their second to fourth powers.

Means of two inputs and of two pixels are the chain's. Around them the pairs differ. What a unit of the first layer sees has the
participation ratio tr(S)^2 / tr(S^2), and one over that is the mean square of the cosines: they are taken as a Beta law on [-1, 1] with
this mean and mean square, which directions drawn evenly in d dimensions have exactly (points in the plane: the arcsine law; one number: its
signs). Its Gauss-Jacobi nodes (Golub & Welsch 1969) are carried through the pair map one by one: a chaotic map
moves a pair at 0.98 by far less than its slope at 0 says. For that the map is

    E[phi(u) phi(v)] = E[phi]^2 + a c + b c^2 + (even + odd sign(c)) |c|^k,    a = q E[phi']^2,  b = E[(z^2 - 1) phi]^2 / 2

with even and odd from E[phi(u) phi(-u)] and k from q E[phi'^2]: value and slope are exact at c = 1, the value at -1, slope and
curvature at 0.
All cosines are of what varies from unit to unit: without the share that a constant bias has.
Besides, c wanders by 1 / N from layer to layer: what bends the map lifts the mean of c by that, and a convolution's average over its taps
smooths what it wandered. A batch normalization divides each unit by its own size over the batch, so that what holds much of the batch holds
less of it in the next row (by_batch.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from models.theory.by_batch import NARROW, ByBatch, by_batch
from models.theory.chain import AROUND_MEAN, Chain, both_inside, cuts
from models.theory.gaussian import Averages
from models.theory.jacobi import nodes
from models.theory.layers import Plan
from models.theory.nonlinearity import Array

CENTRED = ("batch", "layer", "group", "instance")
"""Normalizations that take a mean away."""


@dataclass(frozen=True, slots=True)
class Cosines:
    """Means over pairs, an input with itself included, one entry a row: of c to c^4; of whole batches or a kernel's taps."""

    mean: Array
    square: Array
    third: Array
    fourth: Array

    def counting(self, itself: Array) -> Cosines:
        """With so much more of an input with itself, as where lengths differ."""
        return Cosines(*(np.minimum(mean + itself, 1.0) for mean in (self.mean, self.square, self.third, self.fourth)))

    def reading(self, mean: float, square: float) -> Cosines:
        """With these of the output row."""
        return replace(self, mean=np.append(self.mean[:-1], mean), square=np.append(self.square[:-1], square))

    def hidden(self) -> Cosines:
        """Without the output row."""
        return Cosines(self.mean[:-1], self.square[:-1], self.third[:-1], self.fourth[:-1])


def cosines(plan: Plan, rows: Chain, at: Averages, smoothed: Array) -> tuple[Cosines, Cosines, Array]:
    """Of every row's inputs (depth + 1,): over examples and pixels, and over the taps of one convolution alone; and by how much the mean
    of c of different inputs lies above the chain's."""
    one, image, taps = 1.0 / plan.batch, 1.0 / plan.pixels, 1.0 / plan.taps
    kinds = [_known(plan, rows, pair) for pair in range(3)]
    shares = ((1.0 - one) * image, one * (1.0 - image), (1.0 - one) * (1.0 - image))
    itself = one * image
    wander = float(smoothed[0]) / plan.config.input_shape[0] if plan.taps > 1 else 0.0
    beyond = _counted(plan, rows, shares, kinds)
    first = sum(share * (_at_input(plan, rows, float(kind[0])) + beyond) ** 2 for share, kind in zip(shares, kinds, strict=True))
    lift, variance, skew, fourth = _spread(plan, rows, at, wander, float(first) + (1.0 - itself) * wander,
                                           sum(share * float(kind[0]) for share, kind in zip(shares, kinds, strict=True)), beyond)
    means = [np.clip(kind + lift, -1.0, 1.0) for kind in kinds]
    squares = [np.minimum(mean**2 + variance, 1.0) for mean in means]

    def over(itself: float, shares: tuple[float, ...], values: list[Array]) -> Array:
        return itself + sum((share * value for share, value in zip(shares, values, strict=True)), 0.0 * variance)

    def of(itself: float, shares: tuple[float, ...]) -> Cosines:
        thirds = [np.clip(mean**3 + 3.0 * mean * variance + skew, -1.0, 1.0) for mean in means]
        fourths = [np.minimum(square**2 + fourth, 1.0) for square in squares]
        return Cosines(np.maximum(over(itself, shares, means), 0.0), over(itself, shares, squares),
                       np.maximum(over(itself, shares, thirds), 0.0), over(itself, shares, fourths))

    return of(itself, shares), of(taps, (0.0, 1.0 - taps, 0.0)), lift


def _known(plan: Plan, rows: Chain, pair: int) -> Array:
    """The mean of c of one of PAIRS, row by row; pixels whose correlation is not known count as alike, and so do the output's of
    one input, which are averaged."""
    gaps = np.array([gaps[pair] if pair < len(gaps) else 0.0 for gaps in rows.pairs[:-1]] + [rows.pairs[-1][0] if pair != 1 else 0.0])
    known = 1.0 - np.divide(gaps, 1.0 - constant(plan, rows), where=gaps > 0, out=np.zeros_like(gaps))
    return np.where(np.isfinite(known), np.maximum(known, -1.0), 1.0)


def constant(plan: Plan, rows: Chain) -> Array:
    """The share of each row's q that the square of a constant bias is (depth + 1,)."""
    q = np.array(rows.q)
    squares = np.append(np.full(plan.depth, plan.nl.centres[0] ** 2), plan.last.shift**2)
    result: Array = np.divide(squares, q, where=q > 0, out=np.zeros_like(q))
    return result


def by_length(plan: Plan, rows: Chain, pairs: Cosines) -> Array:
    """The mean of c of whole batches where each input counts by its length, as in a mean over the batch: in the first row as measured. What
    that has more is counted in all others, too: at most so much is passed on."""
    mean = pairs.mean.copy()
    if rows.fields.mean_share is not None and plan.pre not in AROUND_MEAN:
        biased = _biased(plan, rows)
        share = biased + (1.0 - biased) * rows.fields.mean_share
        mean[1:] = np.minimum(mean[1:] + max(share - float(mean[0]), 0.0), 1.0)
        mean[0] = share
    return mean


def smoothing(plan: Plan) -> Array:
    """What l convolutions' averages over their taps leave of a pixel's own fluctuation: |A(f)|^(2 l) averaged over the frequencies f of
    the image, for rows l = 1 to depth + 1; 1 without an image."""
    rows = np.arange(1, plan.depth + 2)
    if plan.taps == 1:
        return np.ones(plan.depth + 1)
    side_taps = math.isqrt(plan.taps)
    reach, angle = np.arange(side_taps) - side_taps // 2, 2.0 * np.pi * np.arange(plan.size) / plan.size
    side = np.cos(np.multiply.outer(angle, reach)).mean(axis=1) ** 2
    result: Array = np.power.outer(side, np.minimum(rows, 400)).mean(axis=0) ** 2
    return result


def parts(plan: Plan, rows: Chain, at: Averages) -> Array:
    """The branch's part in what each hidden row hands on: 1 without a skip."""
    part = np.ones(plan.depth)
    if plan.residual:
        part[1:] = np.where(np.array(rows.p[1:-1]) > 0, branch(plan, rows, at)[1:] / np.array(rows.p[1:-1]), 1.0)
    return part


def branch(plan: Plan, rows: Chain, at: Averages) -> Array:
    """Mean square of what each hidden row's phi adds to a skip, in the first row hands on (depth,)."""
    result: Array = np.diff(rows.p[:-1], prepend=0.0) if plan.post != "none" and plan.residual else (
        np.array(rows.p[:-1]) if plan.post != "none" else at.square / plan.keep)
    return result


def _drawn(plan: Plan, rows: Chain, at: Averages) -> tuple[Array, Array]:
    """The variance of c that each hidden layer's N units bring about (depth,), in units of (1 - c^2)^2: of orthogonal weights only where
    phi bends. And by how much more it is with c: E[z phi^2]^2 over phi's squared variance, where a normalization takes the mean away."""
    part = parts(plan, rows, at)
    straight = np.divide(at.slope**2 * (np.array(rows.q[:-1]) * plan.keep), at.square, where=at.square > 0, out=np.zeros(plan.depth))
    fresh = part**2 * (1.0 - (1.0 - plan.each("loose")[:-1]) * np.minimum(straight, 1.0) ** 2) + 2.0 * part * (1.0 - part)
    if plan.post not in CENTRED:
        return fresh / plan.width, np.zeros(plan.depth)
    spread = at.square - at.mean**2
    along = at.odd - 2.0 * at.mean * np.sqrt(np.array(rows.q[:-1])) * at.slope
    return fresh / plan.width, part * np.divide(along, spread, where=spread > 0, out=np.zeros(plan.depth)) ** 2


def _squares(plan: Plan, at: Averages) -> tuple[Array, Array, Array]:
    """E[phi_a^2 phi_b^2] / E[phi^2]^2 - 1 of two inputs by c, c^2 and c^4 (depth,): with 1 what two inputs' masks draw of their product.
    Not counted behind a normalization."""
    if plan.post != "none":
        return np.zeros(plan.depth), np.zeros(plan.depth), np.zeros(plan.depth)
    square = np.where(at.square > 0.0, at.square, 1.0)
    odd, even = (at.odd / square) ** 2, (at.even / square) ** 2 / 2.0
    return odd, even, np.maximum(at.fourth / square**2 - 1.0 - odd - even, 0.0)


def _at_input(plan: Plan, rows: Chain, c: float) -> float:
    """The input's cosine, of the first row's c."""
    biased = _biased(plan, rows)
    return (c - biased) / (1.0 - biased) if biased < 1.0 else 1.0


def _biased(plan: Plan, rows: Chain) -> float:
    """The share of the first row's variance that its biases' is."""
    return 0.0 if plan.pre in AROUND_MEAN or not rows.v[0] > 0 else min(1.0, plan.first.bias / rows.v[0])


def _counted(plan: Plan, rows: Chain, shares: tuple[float, ...], kinds: list[Array]) -> float:
    """How far the mean cosine of different inputs lies above the chain's, at the input, where each is counted by its mean square: long
    ones are more alike where they are strokes on an empty ground."""
    if rows.fields.correlation is None or plan.batch * plan.pixels == 1 or plan.pre in AROUND_MEAN:
        return 0.0
    itself = (1.0 + (rows.fields.spread or 0.0)) / (plan.batch * plan.pixels)
    mean = sum(share * _at_input(plan, rows, float(kind[0])) for share, kind in zip(shares, kinds, strict=True)) / sum(shares)
    return (rows.fields.correlation - itself) / (1.0 - itself) - mean


def _spread(plan: Plan, rows: Chain, at: Averages, wander: float, followed: float, total: float, beyond: float,
            ) -> tuple[Array, Array, Array, Array]:
    """How the cosines of different inputs spread around their means (depth + 1,): by what it lifts the mean of c, c's variance and third
    moment, and the variance of c^2. `followed` is what the means' squares bring, and `total` the sum of the chain's means, `beyond`
    which the mean lies."""
    nothing = np.zeros(plan.depth + 1)
    inputs = plan.batch * plan.pixels
    if inputs == 1 or not 0.0 < rows.v[0] < math.inf:
        return nothing, nothing, nothing, nothing
    mean, biased = min(1.0, max(-1.0, total / (1.0 - 1.0 / inputs))), _biased(plan, rows)
    if rows.fields.participation is not None:
        itself = (1.0 + (rows.fields.spread or 0.0)) / inputs
        variance = (_uneven(plan, rows.fields.participation, rows.fields.mean_share) - itself - followed) / (1.0 - itself)
    else:
        variance = wander * (cut_taps(plan) - 1.0) if plan.taps > 1 else (1.0 - abs(_at_input(plan, rows, mean))) ** 2 / plan.seen
    counted = min(1.0, max(-1.0, _at_input(plan, rows, mean) + beyond))
    variance = min(variance, 1.0 - counted**2)
    law = counted, _even_in_plane(plan, counted, variance)
    c, weights = nodes(*law) if variance > 1e-9 else (np.array([counted]), np.ones(1))
    batch = by_batch(plan, at, law, weights) if plan.norm == "batch" and (plan.pixels == 1 or law[1] > NARROW) else None
    found, around = _carried(plan, rows, at, wander > 0.0, np.append(biased + (1.0 - biased) * c, mean), batch)
    lift, c, around = found[:, :-1] @ weights - found[:, -1], np.clip(found[:, :-1], -1.0, 1.0), around[:, :-1]
    apart, square = c - (c @ weights)[:, None], c**2
    fourth = (square**2 + 6.0 * square * around + 3.0 * around**2) @ weights - ((square + around) @ weights) ** 2
    spread = (apart**2 + around) @ weights
    spread[0] = max(variance * (1.0 - biased) ** 2, float(spread[0]))
    return lift, spread, (apart**3 + 3.0 * apart * around) @ weights, fourth


def _even_in_plane(plan: Plan, mean: float, variance: float) -> float:
    """The variance of c that goes on from the first row: a batch normalization makes both directions of the plane alike at once."""
    return min(variance, (1.0 - mean**2) / 2.0) if plan.norm == "batch" and plan.seen == 2 else variance


def _uneven(plan: Plan, participation: float, mean_share: float | None) -> float:
    """The mean of c^2 of what the first row's units see; where a batch normalization takes the mean m away, of what is left, at most: of
    |S|^2 = |Cov|^2 + 2 m Cov m + |m|^4 the middle term is not known, and counts as 0."""
    if plan.pre != "batch" or mean_share is None or not mean_share < 1.0:
        return 1.0 / participation
    return min((max(1.0 / participation - mean_share**2, 0.0)) / (1.0 - mean_share) ** 2, 1.0)


def cut_taps(plan: Plan) -> float:
    """How many times more alike patches of noise are whose taps lie inside a zero-padded image for different shares of the pixels."""
    if plan.kernel == 1:
        return 1.0
    shares = cuts(plan.size, plan.kernel).mean(axis=1)
    return (plan.kernel * float((shares**2).sum()) / float(shares.sum()) ** 2) ** 2


def _carried(plan: Plan, rows: Chain, at: Averages, patches: bool, first: Array, batch: ByBatch | None) -> tuple[Array, Array]:
    """Each cosine of the first row, row by row (depth + 1, nodes), and the variance of what it has wandered; the last one, the mean, does
    not. The output row's are the products of two pixels over the mean square of the pixels' mean, which may be beyond 1.

    N units move each pair on its own: by the slope that the map has there it goes on, frequency by frequency of the image, of which a
    convolution's average leaves its share; what bends the map moves the middle. Masks, of which two inputs have two, move them however
    alike they are. `patches`: whether the first row's have wandered.
    """
    v, p, weight = np.array(rows.v), np.array(rows.p), np.array(rows.sigma_w2)
    v[-1] -= plan.last.shift**2
    if plan.kernel > 1:
        weight[1:-1] = (v[1:-1] - plan.each("bias")[1:-1]) / p[:-2]  # what zero padding leaves
    factors, keeps = weight[1:] / v[1:], branch(plan, rows, at) * (1.0 - plan.keep)
    skips = np.append(0.0, v[1:-1] / weight[1:-1]) * float(plan.residual)
    inside = both_inside(np.ones((plan.size, plan.size)), plan.kernel) if plan.kernel > 1 else 1.0
    (passed, shares), wandering = _frequencies(plan.size, plan.taps), np.append(np.ones(first.size - 1), 0.0)
    passed, read = passed[:, None], shares * passed**2
    most = wandering / float(read.sum())
    fields = wandering * patches / plan.config.input_shape[0] * np.ones_like(passed)
    found, variances = [first], [read @ fields]
    *shape, power = _pair_map(plan, rows, at)
    terms = np.array(shape) * (np.array(rows.behind) * factors)
    bends = (*terms, terms[1] * _on_sphere(plan), power)
    columns = (*bends, terms.sum(axis=0), keeps * factors, skips * factors, *_drawn(plan, rows, at), *_squares(plan, at))
    for row, numbers in enumerate(zip(*(column.tolist() for column in columns), strict=True)):
        one, two, even_, odd_, sphere, k, own, masks, skip, fresh, along, odd_squares, even_squares, rest = numbers
        before, around = found[-1], variances[-1]
        c = before
        if batch is not None:
            c, left = batch.divided(row, before, around)
            around = around * left
        bent = np.abs(c) ** (k - 2.0) * (even_ + odd_ * np.sign(c) if odd_ else even_)
        made = c * (one + c * (two + bent)) + around * (two + k * (k - 1.0) / 2.0 * bent)
        slope = one + c * (2.0 * two + k * bent)
        if batch is not None:
            made, scale = batch.centred(row, made, own)
            slope *= scale * math.sqrt(left)
        if sphere:
            made -= wandering * (sphere * (1.0 - np.minimum(c * c + around, 1.0)))
        middle = float(made[-1])
        products = inside * made + (1.0 - own - masks - skip + middle * (1.0 - inside))
        if skip:
            products += skip * before
        new = fresh * np.maximum(1.0 + along * c, 0.0) if along else fresh
        masked = fresh * np.maximum(1.0 + c * (odd_squares + c * (even_squares + c * c * rest)), 0.0) if plan.keep < 1.0 else 0.0
        c = np.minimum(np.maximum(products, -1.0), 1.0)
        apart = 1.0 - np.abs(c)
        new = new * (apart * (2.0 - apart)) ** 2
        if plan.keep < 1.0:
            new = plan.keep**2 * new + (1.0 - plan.keep**2) * masked
        fields = np.minimum(fields * (skip + passed * slope) ** 2 + wandering * new, most * apart**2)  # more would be beyond 1
        found.append(c)
        variances.append(read @ fields)
    return np.stack([*found[:-1], products]), np.stack(variances)


def _on_sphere(plan: Plan) -> Array:
    """What an orthogonal matrix takes from c^2 in the pair map, times 1 - c^2 (depth,): its n units have two vectors at an angle, no
    Gaussian pairs, so that Hermite's second polynomial becomes Gegenbauer's, (n c^2 - 1) / (n - 1), whose mean over all directions is 0."""
    units = np.append(max(plan.seen, plan.width), np.full(plan.depth - 1, plan.width * plan.taps))
    result: Array = (plan.each("loose")[:-1] < 1.0) / np.maximum(units - 1.0, 1.0)
    return result


@lru_cache(maxsize=64)
def _frequencies(size: int, taps: int) -> tuple[Array, Array]:
    """What a convolution's average over its taps leaves of each frequency of an image, and the frequencies' shares; one without taps."""
    if taps == 1:
        return np.ones(1), np.ones(1)
    reach, angle = np.arange(math.isqrt(taps)) - math.isqrt(taps) // 2, 2.0 * np.pi * np.arange(size) / size
    side = np.cos(np.multiply.outer(angle, reach)).mean(axis=1)
    passed, counts = np.unique(np.multiply.outer(side, side).round(12), return_counts=True)
    return passed, counts / counts.sum()


def _pair_map(plan: Plan, rows: Chain, at: Averages) -> tuple[Array, Array, Array, Array, Array]:
    """a, b, even, odd and k of every hidden row's map (depth,)."""
    q = np.array(rows.q[:-1]) - plan.nl.centres[0] ** 2
    straight, curved = q * at.slope**2, at.arched**2 / 2.0
    even = np.maximum((at.square + at.mirrored) / 2.0 - at.mean**2 - curved, 0.0)
    odd = np.maximum((at.square - at.mirrored) / 2.0 - straight, 0.0)
    power = (q * at.slope_square - straight - 2.0 * curved) / np.maximum(even + odd, 1e-12 * at.square + 1e-300)
    return straight, curved, even, odd, np.clip(power, 3.0, 1e4)
