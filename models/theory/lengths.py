"""How the squared lengths of single examples differ, row by row: as a law, and as ln q's variance.

At first it is the inputs': of Gaussian numbers a chi square's, of others a Gamma law with the variance that was measured. Its nodes go
through E[phi^2] one by one, and are drawn apart by what one example's units and masks draw. The batch's mean square is that law's mean:
its elasticity is that of the longer ones, and of what single examples draw it has the sum of squares, (1 + their squared spread) / B.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from models.theory.chain import Chain
from models.theory.cosines import symmetric
from models.theory.gaussian import Averages, averages, second_moments
from models.theory.layers import Plan
from models.theory.noise import Noise
from models.theory.nonlinearity import Array
from models.theory.steps import Steps

BEYOND = 0.2
"""Shift of ln q, but for the input's lengths, beyond which no band is given: q runs away from an unstable fixed point, and two orders no
longer follow it."""

TURNED = 0.25
"""The most that lengths which differ may change an elasticity by: one order of many."""

LENGTHS = 4
"""Nodes of the law of lengths."""

ALIKE = 1e-9
"""Variance of ln q of one example up to which all are taken as alike."""

MOST_APART = 5.0
"""Variance of ln q of one example up to which lengths are followed."""

SHORTEST = 1e-12
"""The smallest squared length that counts beside the others; eigenvalues are known to less."""

SETTLED = 2e-3
"""Relative difference of q up to which what phi makes of them is taken as the same: their mean over theory's then differs far less."""

STEP = 0.02
"""What lengths are multiplied by, less one, to see how far their mean is carried."""

Law = list[tuple[float, float]]
"""Nodes and their weights."""


def apart_at_first(plan: Plan, rows: Chain, smoothed: Array) -> float:
    """How much inputs of the first layer differ in length, as ln q's variance: as measured, else of Gaussian noise in an image, and of
    examples of one length."""
    if rows.fields.spread is not None:
        return min(math.log1p(rows.fields.spread), MOST_APART)
    return 0.0 if plan.pixels == 1 else float(2.0 * smoothed[0] / plan.config.input_shape[0])


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
    columns = (steps.carried, steps.bend, steps.curved, noise.batch, noise.alone, noise.single, steps.sphere, steps.kept)
    for carried, bend, curved, drawn, alone, drawn_single, sphere, kept in zip(*(column.tolist() for column in columns), strict=True):
        batch, single, given, shift, away = found[-1] if passes else (0.0, 0.0, 0.0, 0.0, 0.0)
        apart = max(single - batch, 0.0)
        turned = min(max(curved * apart, -TURNED), TURNED)
        together = (carried * (1.0 + turned)) ** 2 * batch
        longer = alone * math.expm1(min(apart + given, MOST_APART)) / inputs
        found.append((together + drawn + longer, together + carried**2 * (1.0 + 3.0 * turned) * apart * kept + drawn_single,
                      carried**2 * kept * given,
                      carried * shift + bend * (single + given) - sphere, carried * away + bend * single - sphere))
    batches, drawn, given, shift, away = np.array(found).T
    return np.stack([batches, drawn + given, shift, away])


def by_lengths(plan: Plan, rows: Chain, steps: Steps, noise: Noise, start: float) -> Array:
    """The same where nothing sets lengths anew: a few q, whose law is at first the inputs', go through phi row by row."""
    before, m, made, inputs = 0.0, 0.0, [0.0], 1.0 - plan.first.bias / rows.v[0]
    settled: list[float] = []
    law = [(inputs * square + 1.0 - inputs, weight) for square, weight in (_lengths(start) if start > ALIKE else _spread_by(ALIKE))]
    found = [(0.0, math.log(sum(weight * square**2 for square, weight in law)), 0.0, 0.0)]
    columns = (steps.carried, steps.bend, noise.batch, noise.alone / (plan.batch * plan.pixels), noise.single, steps.sphere, steps.kept)
    for row, (carried, bend, drawn, alone, drawn_single, sphere, kept) in enumerate(zip(*(c.tolist() for c in columns), strict=True)):
        batch, single, shift, away = found[-1]
        around = rows.v[row] * math.exp(shift)
        q = [around * square for square, _ in law]
        if not (settled and row < plan.depth - 1 and all(abs(one - old) <= SETTLED * old for one, old in zip(q, settled, strict=True))):
            made, m = _through(plan, rows, row, m, np.array([*q, *((1.0 + STEP) * one for one in q), rows.v[row]]))
            settled = [] if plan.residual or row == 0 else q
        each, more, middle = made[:LENGTHS], made[LENGTHS:-1], made[-1]
        mean = _mean(law, each)
        if not (0.0 < mean < math.inf and 0.0 < middle < math.inf and abs(away) <= BEYOND):
            return np.array(found + [(math.nan,) * 4] * (plan.depth - row)).T
        together = ((_mean(law, more) / mean - 1.0) / STEP) ** 2 * batch
        law = _wider([(one, weight) for one, (_, weight) in zip(each, law, strict=True)], together, kept, drawn_single)
        longer = alone * math.expm1(min(max(single - batch, 0.0), MOST_APART))
        found.append((together + drawn + longer, math.log(sum(weight * square**2 for square, weight in law)),
                      math.log(mean / middle) - sphere, carried * away + bend * before - sphere))
        before = carried**2 * kept * before + drawn_single
    return np.array(found).T


def _mean(law: Law, values: list[float]) -> float:
    return sum(weight * value for (_, weight), value in zip(law, values, strict=True))


def _wider(law: Law, together: float, kept: float, drawn: float) -> Law:
    """A law of lengths, its mean made 1, when it has drawn so much more variance of ln q, and taps have averaged all but what is `together`
    the same for all: the same shape, but where the rest outweighs it."""
    least = SHORTEST * max(q for q, _ in law)
    logs = [(math.log(max(q, least)), weight) for q, weight in law]
    middle = sum(weight * log for log, weight in logs)
    variance = sum(weight * (log - middle) ** 2 for log, weight in logs)
    left = together + max(variance - together, 0.0) * kept
    if left <= drawn or 2.0 * variance <= left + drawn:
        return _spread_by(left + drawn)
    return _around_one([((log - middle) * math.sqrt(min(left + drawn, MOST_APART) / variance), weight) for log, weight in logs])


def _spread_by(variance: float) -> Law:
    """Lengths of mean 1 with a log-normal law."""
    return _around_one([(math.sqrt(min(variance, MOST_APART)) * place, weight) for place, weight in _hermite()])


def _around_one(logs: Law) -> Law:
    """The lengths of these logarithms, multiplied so that their mean is 1."""
    squares = [(math.exp(log), weight) for log, weight in logs]
    mean = sum(square * weight for square, weight in squares)
    return [(square / mean, weight) for square, weight in squares]


@lru_cache(maxsize=1)
def _hermite() -> Law:
    """The Gauss-Hermite rule of a normal law."""
    places, weights = np.polynomial.hermite_e.hermegauss(LENGTHS)
    return list(zip(places.tolist(), (weights / weights.sum()).tolist(), strict=True))


def _through(plan: Plan, rows: Chain, row: int, m: float, q: Array) -> tuple[list[float], float]:
    """The next row's q of examples with these, the last one theory's own; and the mean over units of what the layers up to this one add,
    `m` before it, which goes with an example's length."""
    square, mean = second_moments(plan.nl, q)
    made = square / plan.keep
    if plan.residual and row > 0:
        skip = np.maximum(q - plan.layer(row + 1).bias, 0.0) / rows.sigma_w2[row]
        made = made + skip + 2.0 * m * mean * np.sqrt(skip / rows.p[row - 1])
    return (rows.sigma_w2[row + 1] * made + plan.layer(row + 2).bias).tolist(), m + float(mean[-1])


def _lengths(apart: float) -> Law:
    """Squared lengths of mean 1, and their weights: a Gamma law (a chi square's for Gaussian numbers), by its Gauss-Laguerre nodes."""
    spread = math.expm1(apart)
    shape, k = 1.0 / spread, np.arange(LENGTHS)
    squares, vectors = np.linalg.eigh(np.diag(2.0 * k + shape) + symmetric(k[1:] * (k[1:] + shape - 1.0)))
    return list(zip((spread * np.maximum(squares, SHORTEST)).tolist(), (vectors[0] ** 2).tolist(), strict=True))
