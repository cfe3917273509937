"""How the cosine of one pair of inputs goes through the rows.

A layer of infinitely many units maps a pair's cosine c to the cosine of what it hands on. That map is taken to be

    E[phi(u) phi(v)] = E[phi]^2 + a c + b c^2 + (even + odd sign(c)) |c|^k,    a = q E[phi']^2,  b = E[(z^2 - 1) phi]^2 / 2

with even and odd from E[phi(u) phi(-u)] and k from q E[phi'^2]: value and slope are exact at c = 1, the value at -1, slope and curvature
at 0.

A layer of N units also moves each pair by chance: every layer adds a variance of the order of 1 / N, here called what the cosine has
wandered. The map's slope passes it on to the next row, and where the map bends it lifts the mean of c.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from models.theory.band.branches import branch, parts
from models.theory.band.by_batch import ByBatch
from models.theory.chain import Chain
from models.theory.gaussian import Averages
from models.theory.layers import Plan
from models.theory.nonlinearity import Array
from models.theory.padding import both_inside

CENTRED = ("batch", "layer", "group", "instance")
"""Normalizations that take a mean away."""


class Row(NamedTuple):
    """Numbers of one hidden row, in units of the next row's mean square unless said otherwise.

    straight, curved, even, odd: a, b, even and odd of the pair map       power: its k
    sphere:  what an orthogonal matrix takes from c^2, times 1 - c^2
    own:     what an input with itself has of the map, but for what masks and skips add to it
    masks:   what dropout's masks add to an input with itself             skip: what a skip connection brings along
    drawn:   variance of c that the units bring about, in units of (1 - c^2)^2, and by how much more it is with c: `along`
    odd_squares, even_squares, rest: E[phi_a^2 phi_b^2] / E[phi^2]^2 - 1 by c, c^2 and c^4
    """

    straight: float
    curved: float
    even: float
    odd: float
    sphere: float
    power: float
    own: float
    masks: float
    skip: float
    drawn: float
    along: float
    odd_squares: float
    even_squares: float
    rest: float

    def mapped(self, c: Array, around: Array) -> tuple[Array, Array]:
        """The pair map at c, averaged over what c has wandered (variance `around`), and its slope at c."""
        k = self.power
        bent = np.abs(c) ** (k - 2.0) * (self.even + self.odd * np.sign(c) if self.odd else self.even)
        made = c * (self.straight + c * (self.curved + bent)) + around * (self.curved + k * (k - 1.0) / 2.0 * bent)
        return made, self.straight + c * (2.0 * self.curved + k * bent)

    def newly_wandered(self, c: Array, apart: Array, keep: float) -> Array | float:
        """The variance of c that this row's units bring about, for pairs whose cosine is c before phi and 1 - `apart` (or its negative)
        behind it. Two inputs have two dropout masks, which move them however alike they are."""
        new = self.drawn * np.maximum(1.0 + self.along * c, 0.0) if self.along else self.drawn
        new = new * (apart * (2.0 - apart)) ** 2
        if keep == 1.0:
            return new
        masked = self.drawn * np.maximum(1.0 + c * (self.odd_squares + c * (self.even_squares + c * c * self.rest)), 0.0)
        return keep**2 * new + (1.0 - keep**2) * masked


def carried(plan: Plan, rows: Chain, at: Averages, patches: bool, first: Array, batch: ByBatch | None) -> tuple[Array, Array]:
    """Cosines `first` of the first row, row by row (depth + 1, pairs), and the variance of what each has wandered. The last of the pairs is
    the mean, which does not wander. The output row's cosines are the products of two pixels over the mean square of the pixels' mean, which
    may be beyond 1.

    In an image what a cosine has wandered is followed frequency by frequency, since a convolution's average over its taps leaves more of
    the low ones. patches: whether the first row's cosines have wandered already, as those of patches of noise.
    """
    inside = both_inside(np.ones((plan.size, plan.size)), plan.kernel) if plan.kernel > 1 else 1.0
    (passed, shares), wandering = _frequencies(plan.size, plan.taps), np.append(np.ones(first.size - 1), 0.0)
    passed, read = passed[:, None], shares * passed**2
    most = wandering / float(read.sum())
    fields = wandering * patches / plan.config.input_shape[0] * np.ones_like(passed)
    found, variances = [first], [read @ fields]
    for number, row in enumerate(_rows(plan, rows, at)):
        before, around = found[-1], variances[-1]
        c = before
        if batch is not None:
            c, left = batch.divided(number, before, around)
            around = around * left
        made, slope = row.mapped(c, around)
        if batch is not None:
            made, scale = batch.centred(number, made, row.own)
            slope *= scale * math.sqrt(left)
        if row.sphere:
            made -= wandering * (row.sphere * (1.0 - np.minimum(c * c + around, 1.0)))
        products = inside * made + (1.0 - row.own - row.masks - row.skip + float(made[-1]) * (1.0 - inside))
        if row.skip:
            products += row.skip * before
        after = np.minimum(np.maximum(products, -1.0), 1.0)
        apart = 1.0 - np.abs(after)
        new = row.newly_wandered(c, apart, plan.keep)
        fields = np.minimum(fields * (row.skip + passed * slope) ** 2 + wandering * new, most * apart**2)  # more would be beyond 1
        found.append(after)
        variances.append(read @ fields)
    return np.stack([*found[:-1], products]), np.stack(variances)


def _rows(plan: Plan, rows: Chain, at: Averages) -> list[Row]:
    """The numbers of every hidden row."""
    v, p, weight = np.array(rows.v), np.array(rows.p), np.array(rows.sigma_w2)
    v[-1] -= plan.last.shift**2
    if plan.kernel > 1:
        weight[1:-1] = (v[1:-1] - plan.each("bias")[1:-1]) / p[:-2]  # what zero padding leaves
    factors, masks = weight[1:] / v[1:], branch(plan, rows, at) * (1.0 - plan.keep)
    skips = np.append(0.0, v[1:-1] / weight[1:-1]) * float(plan.residual)
    *bends, power = _pair_map(plan, rows, at)
    terms = np.array(bends) * (np.array(rows.behind) * factors)
    shape = (*terms, terms[1] * _on_sphere(plan), power)
    columns = (*shape, terms.sum(axis=0), masks * factors, skips * factors, *_drawn(plan, rows, at), *_squares(plan, at))
    return [Row(*numbers) for numbers in zip(*(column.tolist() for column in columns), strict=True)]


def _on_sphere(plan: Plan) -> Array:
    """What an orthogonal matrix takes from c^2 in the pair map, times 1 - c^2 (depth,): its n units have two vectors at an angle, no
    Gaussian pairs, so that Hermite's second polynomial becomes Gegenbauer's, (n c^2 - 1) / (n - 1), whose mean over all directions is 0."""
    units = np.append(max(plan.seen, plan.width), np.full(plan.depth - 1, plan.width * plan.taps))
    result: Array = (plan.each("loose")[:-1] < 1.0) / np.maximum(units - 1.0, 1.0)
    return result


def _pair_map(plan: Plan, rows: Chain, at: Averages) -> tuple[Array, Array, Array, Array, Array]:
    """a, b, even, odd and k of every hidden row's pair map (each (depth,))."""
    q = np.array(rows.q[:-1]) - plan.nl.centres[0] ** 2
    straight, curved = q * at.slope**2, at.arched**2 / 2.0
    even = np.maximum((at.square + at.mirrored) / 2.0 - at.mean**2 - curved, 0.0)
    odd = np.maximum((at.square - at.mirrored) / 2.0 - straight, 0.0)
    power = (q * at.slope_square - straight - 2.0 * curved) / np.maximum(even + odd, 1e-12 * at.square + 1e-300)
    return straight, curved, even, odd, np.clip(power, 3.0, 1e4)


def _drawn(plan: Plan, rows: Chain, at: Averages) -> tuple[Array, Array]:
    """(the variance of c that each hidden layer's N units bring about, in units of (1 - c^2)^2; by how much that grows with c), each
    (depth,).

    With orthogonal weights only the bent part of phi counts. The second is E[z phi^2]^2 over phi's squared variance, and not 0 only where a
    normalization takes the mean away.
    """
    part = parts(plan, rows, at)
    straight = np.divide(at.slope**2 * (np.array(rows.q[:-1]) * plan.keep), at.square, where=at.square > 0, out=np.zeros(plan.depth))
    fresh = part**2 * (1.0 - (1.0 - plan.each("loose")[:-1]) * np.minimum(straight, 1.0) ** 2) + 2.0 * part * (1.0 - part)
    if plan.post not in CENTRED:
        return fresh / plan.width, np.zeros(plan.depth)
    spread = at.square - at.mean**2
    along = at.odd - 2.0 * at.mean * np.sqrt(np.array(rows.q[:-1])) * at.slope
    return fresh / plan.width, part * np.divide(along, spread, where=spread > 0, out=np.zeros(plan.depth)) ** 2


def _squares(plan: Plan, at: Averages) -> tuple[Array, Array, Array]:
    """E[phi_a^2 phi_b^2] / E[phi^2]^2 - 1 of two inputs, split into the parts that go with c, c^2 and c^4 (each (depth,)): what dropout's
    masks draw of the inputs' product is that plus 1. 0 with a normalization behind phi, where it is not followed."""
    if plan.post != "none":
        return np.zeros(plan.depth), np.zeros(plan.depth), np.zeros(plan.depth)
    square = np.where(at.square > 0.0, at.square, 1.0)
    odd, even = (at.odd / square) ** 2, (at.even / square) ** 2 / 2.0
    return odd, even, np.maximum(at.fourth / square**2 - 1.0 - odd - even, 0.0)


@lru_cache(maxsize=64)
def _frequencies(size: int, taps: int) -> tuple[Array, Array]:
    """(what a convolution's average over its taps leaves of each frequency of an image, that frequency's share of the image); a single one
    where there are no taps."""
    if taps == 1:
        return np.ones(1), np.ones(1)
    reach, angle = np.arange(math.isqrt(taps)) - math.isqrt(taps) // 2, 2.0 * np.pi * np.arange(size) / size
    side = np.cos(np.multiply.outer(angle, reach)).mean(axis=1)
    passed, counts = np.unique(np.multiply.outer(side, side).round(12), return_counts=True)
    return passed, counts / counts.sum()
