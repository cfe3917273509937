"""How the squared lengths of single examples differ, row by row: as a law, and as ln q's variance.

At first it is the inputs': a Beta law with the variance and third moment that were measured, or a Gamma law with the variance alone, which
a chi square's is. Its nodes go through E[phi^2] one by one; what one example's units and masks draw spreads each of them, and has nodes of
its own. The batch's mean square is that law's mean: its elasticity is that of the longer ones, and of what single examples draw it has the
sum of squares, (1 + their squared spread) / B.
"""

from __future__ import annotations

import math
from functools import lru_cache
from operator import mul

import numpy as np

from models.theory.active import Few
from models.theory.chain import Chain, taps_inside
from models.theory.gaussian import Averages, averages, hermite, near_moments
from models.theory.jacobi import nodes, symmetric
from models.theory.layers import Plan
from models.theory.noise import Noise
from models.theory.nonlinearity import Array
from models.theory.sample import longer
from models.theory.steps import Steps

BEYOND = 0.2
"""Shift of ln q, but for the input's lengths, beyond which no band is given: q runs away from an unstable fixed point, and two orders no
longer follow it. Beside skips, where m and q rise together, all of an upward shift counts."""

FACTORS = 1.0
"""Variance of ln q over the seeds beyond which no band is given, but for ReLU's family, whose elasticity is 1 at any q: networks differ by
factors, and what is first order at q is none for them (0.8 to 0.92 were inside)."""

TURNED = 0.25
"""The most that lengths which differ may change an elasticity by: one order of many."""

LENGTHS, DRAWS = 4, 3
"""Nodes of the law of the inputs' lengths, and of what each of them draws."""

ALIKE = 1e-9
"""Variance of ln q of one example up to which all are taken as alike."""

MOST_APART = 5.0
"""Variance of ln q of one example up to which lengths are followed."""

SHORTEST = 1e-12
"""The smallest squared length that counts beside the others; eigenvalues are known to less."""

SETTLED = 2e-3
"""Relative difference of q up to which what phi makes of them is taken as the same: their mean over theory's then differs far less."""

def apart_at_first(plan: Plan, rows: Chain, smoothed: Array) -> float:
    """How much inputs of the first layer differ in length, as ln q's variance: as measured, else of Gaussian noise in an image, and of
    examples of one length. What zero padding makes of noise is in q, position by position."""
    if rows.fields.spread is not None:
        apart = math.log1p(rows.fields.spread) - (_of_positions(plan.size, plan.kernel) if plan.config.data.name == "gaussian" else 0.0)
        return min(max(apart, 0.0), MOST_APART)
    return 0.0 if plan.pixels == 1 else float(2.0 * smoothed[0] / plan.config.input_shape[0])


@lru_cache(maxsize=64)
def _of_positions(size: int, kernel: int) -> float:
    """ln's variance of the share of a kernel's taps that lie inside."""
    inside = taps_inside(np.ones((size, size)), kernel) if size > 1 else np.ones(1)
    return math.log(float(np.mean(np.square(inside)) / np.mean(inside) ** 2))


def unbound(plan: Plan, rows: Chain) -> bool:
    """Whether nothing sets lengths anew, and all are finite."""
    return plan.norm == "none" and not plan.unit and 0.0 < min(rows.v) <= max(rows.v) < math.inf


def of_longer(plan: Plan, rows: Chain, at: Averages, single: Array) -> Averages:
    """The averages at each row's mean q weighted by E[phi^2], for lengths that differ: squares of E[phi^2] count the longer ones."""
    q, elasticity = np.array(rows.q[:-1]) - plan.nl.centres[0] ** 2, at.even / (2.0 * at.square)
    return averages(plan.nl, q * np.exp(np.clip(elasticity * single[:-1], 0.0, MOST_APART)))


def followed(plan: Plan, steps: Steps, noise: Noise, start: float) -> Array:
    """What every row inherits, row by row (4, depth + 1): the variance of ln q of the batch's mean; of one example, what the seeds draw and
    what the inputs' lengths give (`start`); the shift of the mean; and that which the seeds' draws bring, to first order.

    What a row's own units draw is not passed on: the sample that they are enters the next row by phi^2's spread.
    """
    found, passes, inputs = [(0.0, 0.0, start, 0.0, 0.0)], plan.pre == "none", plan.batch * plan.pixels
    nothing = np.zeros(plan.depth)  # of what a normalization lets none of through, numbers may be beyond any float
    carry = (steps.carried, steps.bend, steps.curved) if passes else (nothing, nothing, nothing)
    columns = (*carry, noise.batch, noise.alone, noise.single, steps.sphere, steps.kept)
    for carried, bend, curved, drawn, alone, drawn_single, sphere, kept in zip(*(column.tolist() for column in columns), strict=True):
        batch, single, given, shift, away = found[-1] if passes else (0.0, 0.0, 0.0, 0.0, 0.0)
        apart = max(single - batch, 0.0)
        turned = min(max(curved * apart, -TURNED), TURNED)
        together = (carried * (1.0 + turned)) ** 2 * batch
        more = alone * math.expm1(min(apart + given, MOST_APART)) / inputs
        found.append((together + drawn + more, together + carried**2 * (1.0 + 3.0 * turned) * apart * kept + drawn_single,
                      carried**2 * kept * given,
                      carried * shift + bend * (single + given) - sphere, carried * away + bend * single - sphere))
    batches, drawn, given, shift, away = np.array(found).T
    return np.stack([batches, drawn + given, shift, away])


def behind_batch(plan: Plan, at: Averages, kept: Array, start: float) -> float:
    """How much examples differ in length in the last hidden row behind a batch normalization before phi, as ln q's variance: the batch's
    mean square is held fast, but one example's goes on by what phi makes of it around the mean, and each row draws phi^2 anew. Not a number
    where they run away; ReLU's family keeps their ratios, and so few examples end at some FACTORS (1.3 after 30 rows of 64 units)."""
    mean, square, cube, fourth = at.mean, at.square / plan.keep, at.cube / plan.keep**2, at.fourth / plan.keep**3
    variance = square - mean**2
    grows = (at.even / (2.0 * plan.keep) - at.arched * mean) / variance
    drawn = ((fourth - 4.0 * mean * cube + 6.0 * mean**2 * square - 3.0 * mean**4) / variance**2 - 1.0) / plan.width
    found = start
    for passed, more in zip((grows**2 * kept)[:-1].tolist(), drawn[:-1].tolist(), strict=True):
        found = passed * found + more
    return found if found < FACTORS else FACTORS if plan.nl.slope is not None else math.nan


def behind_batch_of_phi(plan: Plan, at: Averages, square: Array, start: float) -> Array:
    """How much examples differ in length behind a batch normalization behind phi, as what enters each row's relative variance (depth + 1,).
    Each row draws phi around its mean anew, and one example's length goes on by what phi makes of it, less what the units that make it
    long are divided by: themselves, and what goes with them, by the mean `square` of cosines over the batch."""
    mean, variance = at.mean, at.square - at.mean**2
    kurtosis = (at.fourth - 4.0 * mean * at.cube + 6.0 * mean**2 * at.square - 3.0 * mean**4) / variance**2
    grows, itself = np.maximum((at.even / 2.0 - at.arched * mean) / variance, 0.0), 1.0 / plan.batch
    passed = grows / (1.0 + grows * ((kurtosis - 1.0) * itself + 2.0 * np.maximum(square[:-1] - itself, 0.0)))
    drawn = (kurtosis / plan.keep - 1.0) / plan.width
    found = [start]
    for kept, more in zip((passed**2).tolist(), drawn.tolist(), strict=True):
        found.append(min(kept * found[-1] + more, FACTORS))
    return np.array(found)


def of_kurtosis(at: Averages, apart: float, square: float) -> float:
    """The shift of ln E[phi^2] behind a batch normalization, of the last hidden row: one unit's values over a batch whose examples differ
    in length and have this mean of c^2 have, divided by their own variance, the kurtosis 3 (1 + spread) / (1 + 2 c^2); by the first order
    of Gram and Charlier's series."""
    kurtosis = 3.0 * (1.0 + apart) / (1.0 + 2.0 * square)
    return math.log1p(max((kurtosis - 3.0) * float(at.quartic[-1] / (24.0 * at.square[-1])), -0.5))


def by_lengths(plan: Plan, rows: Chain, steps: Steps, noise: Noise, start: float) -> Array:
    """The same where nothing sets lengths anew, and the third cumulant of what the batch's mean inherits (5, depth + 1): a few q, whose law
    is at first the inputs', go through phi row by row, each as what is drawn spreads it. Laws are lists of LENGTHS x DRAWS numbers at most,
    which takes a third of what arrays of so few take."""
    before, m, made, grows, inputs = 0.0, np.zeros(1), [0.0], [0.0], 1.0 - plan.first.bias / rows.v[0]
    settled: list[float] = []
    squares, shares = _lengths(start, rows.fields.third if plan.kernel == 1 else None) if start > ALIKE else (np.ones(1), np.ones(1))
    law = np.repeat(inputs * squares + 1.0 - inputs, DRAWS).tolist()
    weight: list[float] = np.multiply.outer(shares, hermite(DRAWS)[1]).ravel().tolist()
    found, few = [(0.0, math.log(_second(weight, law)), 0.0, 0.0, 0.0)], Few(plan)
    columns = (steps.carried, steps.bend, noise.batch, noise.alone / (plan.batch * plan.pixels), noise.single, steps.sphere, steps.kept)
    for row, (carried, bend, drawn, alone, drawn_single, sphere, kept) in enumerate(zip(*(c.tolist() for c in columns), strict=True)):
        batch, single, shift, away, third = found[-1]
        level = rows.v[row] * math.exp(shift)
        q = [level * square for square in law]
        if row == plan.depth - 1 or not _alike(q, settled):
            m, made, grows = _through(plan, rows, row, m, np.array([*q, rows.v[row]]))
            settled = [] if plan.residual or row == 0 else q
        mean, middle = _dot(weight, made), made[-1]
        if not (0.0 < mean < math.inf and 0.0 < middle < math.inf and abs(away) <= BEYOND >= shift * plan.residual):
            return np.array(found + [(math.nan,) * 5] * (plan.depth - row)).T
        elasticity = _dot(weight, grows) / mean
        together, (own, skew) = elasticity**2 * batch, few.cumulants(drawn + alone * math.expm1(min(max(single - batch, 0.0), MOST_APART)))
        spread = together + own
        if spread > FACTORS and plan.nl.slope is None:
            return np.array(found + [(math.nan,) * 5] * (plan.depth - row)).T
        law, apart, between = _wider([each / mean for each in made[:-1]], weight, together, kept, math.log1p(drawn_single))
        found.append((spread, spread + between + longer(max(apart - spread, 0.0), plan.batch * plan.pixels),
                      math.log(mean / middle) - sphere, carried * away + bend * before - sphere, elasticity**3 * third + skew))
        before = carried**2 * kept * before + drawn_single
    return np.array(found).T


def _dot(weight: list[float], values: list[float]) -> float:
    """The sum of the products; of values that are more, without the last ones."""
    total: float = sum(map(mul, weight, values))
    return total


def _second(weight: list[float], law: list[float]) -> float:
    """The mean square of a law."""
    return sum(share * square * square for share, square in zip(weight, law, strict=True))


def _alike(q: list[float], settled: list[float]) -> bool:
    """Whether they are what phi was last asked of."""
    return bool(settled) and all(abs(new - old) <= SETTLED * old for new, old in zip(q, settled, strict=True))


def _wider(law: list[float], weight: list[float], together: float, kept: float, drawn: float) -> tuple[list[float], float, float]:
    """A law of lengths, its mean made 1, when it has drawn so much more variance of ln q, and taps have averaged all but what is `together`
    the same for all. What is drawn spreads each of the inputs' lengths, DRAWS neighbours, by itself: in the same shape, but where it
    outweighs that. And the variance of ln q within those, and ln of the mean square of their means."""
    least, (places, normal) = SHORTEST * max(law), (part.tolist() for part in hermite(DRAWS))
    logs = [math.log(max(square, least)) for square in law]
    groups = [logs[first:first + DRAWS] for first in range(0, len(logs), DRAWS)]
    shares = [sum(weight[first:first + DRAWS]) for first in range(0, len(logs), DRAWS)]
    middles = [_dot(normal, group) for group in groups]
    middle = _dot(shares, middles)
    within = [sum(share * (log - own) ** 2 for share, log in zip(normal, group, strict=True))
              for group, own in zip(groups, middles, strict=True)]
    variance = sum(share * (inside + (own - middle) ** 2) for share, inside, own in zip(shares, within, middles, strict=True))
    left = (together + max(variance - together, 0.0) * kept) / variance if variance > 0.0 else 0.0
    squares: list[float] = []
    apart = mean = second = 0.0
    for group, own, inside, share in zip(groups, middles, within, shares, strict=True):
        deviation, moved = math.sqrt(min(left * inside + drawn, MOST_APART)), (own - middle) * math.sqrt(left)
        shape = [(log - own) / math.sqrt(inside) for log in group] if left * inside > drawn else places
        spread = [math.exp(moved + deviation * place) for place in shape]
        squares += spread
        length = _dot(normal, spread)
        apart, mean, second = apart + share * deviation**2, mean + share * length, second + share * length**2
    return [square / mean for square in squares], apart, math.log(second / mean**2)


def _through(plan: Plan, rows: Chain, row: int, m: Array, q: Array) -> tuple[Array, list[float], list[float]]:
    """Of examples with these q, the last one theory's own: the mean over units of what the layers up to this one add, in units of the root
    of its mean square, which goes with an example's length (`m` before this row); the next row's q; and what it changes by with ln q."""
    square, mean, grows, mean_grows = near_moments(plan.nl, q)
    made, grows = square / plan.keep, grows / plan.keep
    if plan.residual and row > 0:
        variance = np.maximum(q - plan.layer(row + 1).bias, 0.0) / rows.sigma_w2[row]
        skip, along = m * np.sqrt(variance), q / rows.sigma_w2[row]
        made = made + variance + 2.0 * skip * mean
        grows = grows + along + 2.0 * skip * mean_grows + np.divide(skip * mean * along, variance, where=variance > 0, out=0.0 * q)
        mean = mean + skip
    weight = rows.sigma_w2[row + 1]
    return mean / np.sqrt(made), (weight * made + plan.layer(row + 2).bias).tolist(), (weight * grows).tolist()


def _lengths(apart: float, third: float | None) -> tuple[Array, Array]:
    """Squared lengths of mean 1, and their weights: a Gamma law (a chi square's for Gaussian numbers), by its Gauss-Laguerre nodes; where
    their third moment is less than its, and such lengths can have it, a Beta law between 0 and a longest one."""
    spread = math.expm1(apart)
    if third is not None and spread**2 - spread < third < (1.0 - ALIKE) * 2.0 * spread**2:
        size = 2.0 * (spread - spread**2 + third) / (2.0 * spread**2 - third)
        longest = 1.0 + spread * (size + 1.0)
        places, weights = nodes(2.0 / longest - 1.0, 4.0 * spread / longest**2, LENGTHS)
        return longest / 2.0 * np.maximum(1.0 + places, SHORTEST), weights
    shape, k = 1.0 / spread, np.arange(LENGTHS)
    squares, vectors = np.linalg.eigh(np.diag(2.0 * k + shape) + symmetric(k[1:] * (k[1:] + shape - 1.0)))
    return spread * np.maximum(squares, SHORTEST), vectors[0] ** 2
