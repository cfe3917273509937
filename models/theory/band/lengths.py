"""How the squared lengths of the batch's examples differ, row by row: as a law, and as the variance of ln q.

In the first row the law is the inputs': a Beta law with the variance and third moment that were measured, or, where only the variance is
known, a Gamma law, as a chi square's is. A few nodes of the law go through E[phi^2] one by one. The units and dropout masks that one
example meets are drawn, which spreads each of these lengths further; that spread has nodes of its own.

The batch's mean square is the mean of this law. Long examples rule it, so its elasticity is theirs, and what single examples draw averages
out to (1 + their squared relative spread) / B only. From seed to seed it varies as a whole; over the seeds no mean is taken, but quantiles.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from operator import mul

import numpy as np

from models.theory.band.active import Few
from models.theory.band.jacobi import nodes, symmetric
from models.theory.band.noise import Noise
from models.theory.band.sample import longer
from models.theory.band.steps import Steps
from models.theory.chain import Chain
from models.theory.gaussian import Averages, averages, hermite
from models.theory.interpolated import near_moments
from models.theory.layers import Plan
from models.theory.nonlinearity import Array
from models.theory.padding import taps_inside

BEYOND = 0.2
"""Beyond this shift of ln q no band is given: q runs away from an unstable fixed point, and two orders no longer follow it. The part of the
shift that comes from the inputs' lengths does not count; with skips, where m and q rise together, all of an upward shift does."""

FACTORS = 1.0
"""Beyond this variance of ln q over the seeds no band is given: the networks differ by factors, and what holds to first order around q does
not hold for many of them (0.8 to 0.92 were inside). ReLU's family is excepted, whose elasticity is 1 at any q."""

LENGTHS, DRAWS = 4, 3
"""Nodes of the law of the inputs' lengths, and of the spread that is drawn around each of them."""

FEWEST = 2
"""Nodes of another law of lengths, which has only two of them: of all laws with the same three moments the furthest from the inputs'."""

ALIKE = 1e-9
"""Up to this variance of ln q between examples all count as equally long."""

MOST_APART = 5.0
"""The largest variance of ln q between examples that is followed; more counts as this."""

FARTHEST = 300.0
"""Where ln q of some seeds is farther from theory's no band is given: e^700 overflows."""

SKEWED = 1.0
"""The largest skewness over the seeds that is followed; more counts as this."""

SHORTEST = 1e-12
"""The smallest squared length relative to the others'; the eigenvalues that lengths come from are no more exact."""

SETTLED = 2e-3
"""Where every q differs from the one that phi was last asked about by at most this share, the last answer stands: only ratios of these
answers are used, and they change far less."""


def apart_at_first(plan: Plan, rows: Chain, smoothed: Array) -> float:
    """How much the inputs of the first layer differ in length, as the variance of ln q: as it was measured; else 0 for single vectors and
    that of Gaussian noise for images. The part that comes from zero padding is taken out for noise, as q has it position by position."""
    if rows.fields.spread is not None:
        apart = math.log1p(rows.fields.spread) - (_of_positions(plan.size, plan.kernel) if plan.config.data.name == "gaussian" else 0.0)
        return min(max(apart, 0.0), MOST_APART)
    return 0.0 if plan.pixels == 1 else float(2.0 * smoothed[0] / plan.config.input_shape[0])


@lru_cache(maxsize=64)
def _of_positions(size: int, kernel: int) -> float:
    """By how much the share of a kernel's taps that lie inside the image differs over the positions, as the variance of its logarithm."""
    inside = taps_inside(np.ones((size, size)), kernel) if size > 1 else np.ones(1)
    return math.log(float(np.mean(np.square(inside)) / np.mean(inside) ** 2))


def unbound(plan: Plan, rows: Chain) -> bool:
    """Whether no normalization sets the lengths anew, and all rows are finite and above 0."""
    return plan.norm == "none" and 0.0 < min(rows.v) <= max(rows.v) < math.inf


def of_longer(plan: Plan, rows: Chain, at: Averages, single: Array) -> Averages:
    """The averages at a larger q in each row, for lengths that differ: the mean q weighted by E[phi^2], as the longer examples count for
    more. single: the variance of ln q of one example (depth + 1,)."""
    q, elasticity = np.array(rows.q[:-1]) - plan.nl.centres[0] ** 2, at.even / (2.0 * at.square)
    return averages(plan.nl, q * np.exp(np.clip(elasticity * single[:-1], 0.0, MOST_APART)))


def followed(plan: Plan, steps: Steps, noise: Noise, start: float) -> Array:
    """What every row inherits (4, depth + 1), to first order: the variance of ln q of the batch's mean square; that of one example, by what
    the seeds draw and by the inputs' lengths (`start`); the shift of the mean; and the part of the shift that the seeds draw.

    What a row's own units draw is not passed on here: the next row has it in the spread of phi^2 over these units.
    """
    found, inputs, alone = [(0.0, 0.0, start, 0.0, 0.0)], plan.batch * plan.pixels, noise.alone if plan.pre == "none" else 0.0 * noise.alone
    columns = (steps.carried, steps.bend, noise.batch, alone, noise.single, steps.sphere, steps.kept)
    for carried, bend, drawn, each, drawn_single, sphere, kept in zip(*(column.tolist() for column in columns), strict=True):
        batch, single, given, shift, away = found[-1]
        apart = max(single - batch, 0.0)
        more = each * math.expm1(min(apart + given, MOST_APART)) / inputs
        together = carried**2 * batch
        found.append((together + drawn + more, together + carried**2 * apart * kept + drawn_single,
                      carried**2 * kept * given,
                      carried * shift + bend * (single + given) - sphere, carried * away + bend * single - sphere))
    batches, drawn, given, shift, away = np.array(found).T
    return np.stack([batches, drawn + given, shift, away])


def of_flat_laws(steps: Steps) -> Array:
    """The shift of ln q that the rows' `sphere` adds up to, no more than BEYOND (depth + 1,)."""
    found = [0.0]
    for carried, sphere in zip(steps.carried.tolist(), steps.sphere.tolist(), strict=True):
        found.append(min(max(carried * found[-1] - sphere, -BEYOND), BEYOND))
    return np.array(found)


def behind_batch(plan: Plan, at: Averages, kept: Array, start: float) -> float:
    """How much examples differ in length in the last hidden row with a batch normalization before phi, as the variance of ln q.

    The normalization holds the batch's mean square fast, but not each example's: that is passed on by what phi makes of it around the mean,
    and each row adds what its units draw of phi^2. Not a number where the lengths run away from each other. ReLU's family keeps the ratio
    of two lengths, so that a batch's examples end at about FACTORS (1.3 after 30 rows of 64 units).
    """
    mean, square, cube, fourth = at.mean, at.square / plan.keep, at.cube / plan.keep**2, at.fourth / plan.keep**3
    variance = square - mean**2
    grows = (at.even / (2.0 * plan.keep) - at.arched * mean) / variance
    drawn = ((fourth - 4.0 * mean * cube + 6.0 * mean**2 * square - 3.0 * mean**4) / variance**2 - 1.0) / plan.width
    found = start
    for passed, more in zip((grows**2 * kept)[:-1].tolist(), drawn[:-1].tolist(), strict=True):
        found = passed * found + more
    return found if found < FACTORS else FACTORS if plan.nl.slope is not None else math.nan


def behind_batch_of_phi(plan: Plan, at: Averages, square: Array, start: float) -> Array:
    """How much examples differ in length with a batch normalization behind phi: the relative variance of the squared lengths that enter
    each row (depth + 1,).

    Each row draws phi around its mean anew, and one example's length is passed on by what phi makes of it. The units that make an example
    long are divided by their size over the batch, which this example has enlarged itself, and those like it with it: `square` is the mean
    of c^2 over the batch.
    """
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
    """The shift of ln E[phi^2] in the last hidden row with a batch normalization before phi.

    A unit's values over the batch, divided by their own deviation, are not Gaussian where the examples differ in length by the variance
    `apart` and have the mean `square` of c^2: their kurtosis is 3 (1 + apart) / (1 + 2 square). To first order of the series of Gram and
    Charlier.
    """
    kurtosis = 3.0 * (1.0 + apart) / (1.0 + 2.0 * square)
    return math.log1p(max((kurtosis - 3.0) * float(at.quartic[-1] / (24.0 * at.square[-1])), -0.5))


def by_lengths(plan: Plan, rows: Chain, steps: Steps, noise: Noise, start: float, count: int = LENGTHS) -> Array:
    """The same four numbers where nothing sets lengths anew, the third cumulant of what the batch's mean inherits, and by how much the mean
    of c^2 is larger where each input counts by its length (6, depth + 1).

    A few lengths, whose law is at first the inputs', go through phi row by row, and what is drawn spreads each of them. They do so at three
    batches' mean squares, the nodes of their law over the seeds: what most seeds pass on is ruled by the typical seed's q, which lies below
    the mean over seeds by half the variance. LSUV sets that mean square anew in every row, and leaves only how lengths differ. (Laws are
    short lists, three times as fast as arrays.)
    """
    before, m, made, inputs = 0.0, np.zeros(1), [0.0], plan.batch * plan.pixels
    settled: list[float] = []
    squares, shares = _lengths(start, rows.fields.third if plan.kernel == 1 else None, count) if start > ALIKE else (np.ones(1), np.ones(1))
    varied = 1.0 - plan.first.bias / rows.v[0]
    law = np.repeat(varied * squares + 1.0 - varied, DRAWS).tolist()
    weight: list[float] = np.multiply.outer(shares, hermite(DRAWS)[1]).ravel().tolist()
    apart, few = math.log(_second(weight, law)), Few(plan)
    found = [(0.0, apart, 0.0, 0.0, 0.0, of_itself(apart, inputs))]
    columns = (steps.carried, steps.bend, noise.batch, noise.alone, noise.single, steps.sphere, steps.kept)
    for row, (carried, bend, drawn, alone, drawn_single, sphere, kept) in enumerate(zip(*(c.tolist() for c in columns), strict=True)):
        batch, _, shift, away, third, more = found[-1]
        typical, (places, seeds) = shift - batch / 2.0 - third / 6.0, _over_seeds(batch, third)
        if typical + places[-1] > FARTHEST:
            return _ended(found, plan)
        level = rows.v[row] * math.exp(typical)
        q = [level * math.exp(place) * square for place in places for square in law]
        if row == plan.depth - 1 or not _alike(q, settled):
            m, made = _through(plan, rows, row, m, np.array([*q, rows.v[row]]))
            settled = [] if plan.residual or row == 0 else q
        means, middle = [_dot(weight, made[first:first + len(law)]) for first in range(0, len(q), len(law))], made[-1]
        if not (0.0 < min(means) <= max(means) < math.inf and 0.0 < middle < math.inf and abs(away) <= BEYOND >= shift * plan.residual):
            return _ended(found, plan)
        centre, together, inherited = _cumulants(seeds, [math.log(each / middle) for each in means])
        own, skew = few.cumulants(drawn + alone * more)
        spread = together + own
        if spread > FACTORS and plan.nl.slope is None:
            return _ended(found, plan)
        law, apart, between = _wider([each / means[1] for each in made[len(law):2 * len(law)]], weight, kept,
                                     math.log1p(max(drawn_single - drawn, 0.0)))
        between += longer(apart, inputs)
        more = _by_length(weight, law, m[len(law):2 * len(law)], between, inputs)
        found.append((0.0, between, 0.0, 0.0, 0.0, more) if plan.unit else (
            spread, spread + between, centre + together / 2.0 + inherited / 6.0 - sphere, carried * away + bend * before - sphere,
            inherited + skew, more))
        before = carried**2 * kept * before + drawn_single
    return np.array(found).T


def _ended(found: Sequence[tuple[float, ...]], plan: Plan) -> Array:
    """The rows found so far; those that follow have no numbers."""
    return np.array([*found, *[(math.nan,) * 6] * (plan.depth + 1 - len(found))]).T


def _by_length(weight: list[float], law: list[float], m: Array, apart: float, inputs: int) -> float:
    """By how much the mean of c^2 over all pairs is larger where each input counts by its length. One with itself has 1 at any length; two
    have m in common, their units' means over the roots of their mean squares, as far as that is larger in longer ones."""
    shares: list[float] = [share * mean * mean for share, mean in zip(weight, m.tolist(), strict=True)]
    different = _dot(shares, law) ** 2 - sum(shares) ** 2
    return min(of_itself(apart, inputs) + (1.0 - 1.0 / inputs) * max(different, 0.0), 1.0)


def of_itself(apart: float, inputs: int) -> float:
    """By how much an input with itself counts for more than 1 / inputs, where ln q varies by `apart` between them."""
    return min(math.expm1(min(max(apart, 0.0), MOST_APART)) / inputs, 1.0)


def _over_seeds(variance: float, third: float) -> tuple[list[float], list[float]]:
    """Three places around 0, the middle one there, and their weights: a law with these second and third cumulants, and a normal law's
    kurtosis."""
    deviation = math.sqrt(variance)
    skew = min(max(third / deviation**3, -SKEWED), SKEWED) if variance > 0.0 else 0.0
    half = math.sqrt(3.0 - 0.75 * skew**2)
    low, high = skew / 2.0 - half, skew / 2.0 + half
    ends = -0.5 / (low * half), 0.5 / (high * half)
    return [deviation * low, 0.0, deviation * high], [ends[0], 1.0 - sum(ends), ends[1]]


def _cumulants(weight: list[float], values: list[float]) -> tuple[float, float, float]:
    """The first three: mean, variance and third central moment."""
    mean = _dot(weight, values)
    apart = [value - mean for value in values]
    squares = [value * value for value in apart]
    return mean, _dot(weight, squares), _dot(squares, [share * value for share, value in zip(weight, apart, strict=True)])


def _dot(weight: list[float], values: list[float]) -> float:
    """The sum of the products, for as many values as there are weights."""
    total: float = sum(map(mul, weight, values))
    return total


def _second(weight: list[float], law: list[float]) -> float:
    """The mean square of a law."""
    return sum(share * square * square for share, square in zip(weight, law, strict=True))


def _alike(q: list[float], settled: list[float]) -> bool:
    """Whether they are close enough to what phi was last asked about."""
    return bool(settled) and all(abs(new - old) <= SETTLED * old for new, old in zip(q, settled, strict=True))


def _wider(law: list[float], weight: list[float], kept: float, drawn: float) -> tuple[list[float], float, float]:
    """(the law of lengths after another row, scaled to mean 1; the variance of ln q within its groups; ln of the mean square of the groups'
    means).

    A group is one of the inputs' lengths with the DRAWS nodes of what has been drawn around it. The row adds the variance `drawn` to each
    group: in the shape that the group has, or, where the new variance is the larger one, in a normal law's. A convolution's average over
    its taps leaves `kept` of the variance.
    """
    least, (places, normal) = SHORTEST * max(law), (part.tolist() for part in hermite(DRAWS))
    logs = [math.log(max(square, least)) for square in law]
    groups = [logs[first:first + DRAWS] for first in range(0, len(logs), DRAWS)]
    shares = [sum(weight[first:first + DRAWS]) for first in range(0, len(logs), DRAWS)]
    middles = [_dot(normal, group) for group in groups]
    middle = _dot(shares, middles)
    within = [sum(share * (log - own) ** 2 for share, log in zip(normal, group, strict=True))
              for group, own in zip(groups, middles, strict=True)]
    squares: list[float] = []
    apart = mean = second = 0.0
    for group, own, inside, share in zip(groups, middles, within, shares, strict=True):
        deviation, moved = math.sqrt(min(kept * inside + drawn, MOST_APART)), (own - middle) * math.sqrt(kept)
        shape = [(log - own) / math.sqrt(inside) for log in group] if kept * inside > drawn else places
        spread = [math.exp(moved + deviation * place) for place in shape]
        squares += spread
        length = _dot(normal, spread)
        apart, mean, second = apart + share * deviation**2, mean + share * length, second + share * length**2
    return [square / mean for square in squares], apart, math.log(second / mean**2)


def _through(plan: Plan, rows: Chain, row: int, m: Array, q: Array) -> tuple[Array, list[float]]:
    """For examples with these q, the last one theory's own: (m, the next row's q).

    m: with skips, the mean over units of what all layers so far have added, over the root of its mean square; it depends on an example's
    length. The argument `m` is that before this row.
    """
    square, mean = near_moments(plan.nl, q)
    made = square / plan.keep
    if plan.residual and row > 0:
        variance = np.maximum(q - plan.layer(row + 1).bias, 0.0) / rows.sigma_w2[row]
        skip = m * np.sqrt(variance)
        made, mean = made + variance + 2.0 * skip * mean, mean + skip
    return mean / np.sqrt(made), (rows.sigma_w2[row + 1] * made + plan.layer(row + 2).bias).tolist()


def _lengths(apart: float, third: float | None, count: int = LENGTHS) -> tuple[Array, Array]:
    """Squared lengths of mean 1 whose ln has the variance `apart`, and their weights: of a Gamma law (for Gaussian numbers a chi square's),
    by its Gauss-Laguerre nodes. Where the third central moment is known, smaller than the Gamma law's and possible: of the Beta law between
    0 and a longest length that has it."""
    spread = math.expm1(apart)
    if third is not None and spread**2 - spread < third < (1.0 - ALIKE) * 2.0 * spread**2:
        size = 2.0 * (spread - spread**2 + third) / (2.0 * spread**2 - third)
        longest = 1.0 + spread * (size + 1.0)
        places, weights = nodes(2.0 / longest - 1.0, 4.0 * spread / longest**2, count)
        return longest / 2.0 * np.maximum(1.0 + places, SHORTEST), weights
    shape, k = 1.0 / spread, np.arange(count)
    squares, vectors = np.linalg.eigh(np.diag(2.0 * k + shape) + symmetric(k[1:] * (k[1:] + shape - 1.0)))
    return spread * np.maximum(squares, SHORTEST), vectors[0] ** 2
