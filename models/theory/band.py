"""How far the measured mean square of a row's pre-activations lies from q_l at this width: over seeds, to first order in 1 / N.

The mean square over N units and B examples is q_l times the product of two fluctuations, both followed as ln q's variance:

    drawn:      N independent units see the batch once: 2 C_l / N, C_l the mean of c^2 over all pairs of the batch
    inherited:  a_l^2 inherited + spread_l C_l / N, with a_l = dln q_{l+1} / dln q_l and spread the variance of phi^2 over E[phi^2]^2

ln q is taken as Gaussian with mean -variance / 2, exact for ReLU's products of layers (Hanin & Nica 2020, 1812.05994: 5 / N a layer).
Pairs: C = 1/B + (1 - 1/B) c^2, and E[phi^2 phi^2] over pairs by Hermite's first two terms. Orthogonal weights keep lengths, so that
a square one draws nothing. A normalization before phi leaves only eps's share. Pixels of an image count as alike, which is wide.

The centre: one example's own variance of ln q, `single`, bends E[phi^2] by q^2 (d^2/dq^2) / 2 times it; a sphere of N units instead of
a Gaussian takes 1 / N times the same away. Half of that shift widens the band as well.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from models.theory.chain import Chain
from models.theory.gaussian import Averages
from models.theory.layers import Plan
from models.theory.nonlinearity import Array

LEVEL = 0.95
DEVIATIONS = 1.959964
FLOOR = 1e-5
"""Relative half width that rounding in float32 takes."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Relative fluctuations that a row inherits: of the batch's mean square, of one example's, and the mean's shift."""

    batch: float = 0.0
    single: float = 0.0
    shift: float = 0.0


def band(plan: Plan, rows: Chain, at: Averages, features: int) -> tuple[Array, Array]:
    """(low, high) of every row's mean square, which hold LEVEL of the seeds."""
    spreads = _spreads(plan, rows, at, features)
    shift = np.array([spread.shift for spread in spreads])
    variance = np.array([spread.batch for spread in spreads]) + (shift / 2) ** 2
    half, centre = DEVIATIONS * np.sqrt(variance) + FLOOR, np.clip(shift, -0.5, 0.5) - variance / 2
    q = np.array(rows.q)
    return q * np.exp(centre - half), q * np.exp(centre + half)


def _spreads(plan: Plan, rows: Chain, at: Averages, features: int) -> list[Spread]:
    """Each row's fluctuation: what it inherits and what its own weights draw."""
    inherited, found, wander = Spread(), [], 1.0 / features
    for row in range(1, plan.depth + 2):
        alike = _mean_square_correlation(plan, rows, row - 1, wander)
        units = plan.width if row <= plan.depth else plan.config.classes
        drawn = 0.0 if plan.unit else 2.0 * plan.layer(row).loose / units
        here = Spread(inherited.batch + drawn * alike, inherited.single + drawn, inherited.shift)
        if plan.pre != "none" and row <= plan.depth:
            share = plan.eps / (rows.v[row - 1] + plan.eps)
            here, inherited = Spread(share**2 * here.batch, 0.0, share * here.single), Spread()
        found.append(here)
        if row <= plan.depth:
            inherited = _passed_on(plan, rows, at, row - 1, inherited, alike)
            slope = rows.sigma_w2[row] * rows.q[row - 1] * float(at.slope[row - 1]) ** 2 / rows.q[row] if rows.q[row] else 0.0
            wander = min(1.0, wander * min(slope, 1.0) ** 2 + 1.0 / plan.width)
    return found


def _passed_on(plan: Plan, rows: Chain, at: Averages, index: int, inherited: Spread, alike: float) -> Spread:
    """What the next row inherits, given this row's fluctuations."""
    square, after = float(at.square[index]), rows.q[index + 1]
    if plan.unit or plan.post != "none" or square <= 0 or not after > 0 or not math.isfinite(after * after * square * square):
        return Spread()
    share = rows.sigma_w2[index + 1] * rows.p[index] / after
    part = square / plan.keep / rows.p[index] if plan.residual and index > 0 else 1.0
    elasticity = (1 - part) + part * float(at.even[index]) / (2 * square)
    bend = part * float(at.quartic[index]) / (8 * square)
    crossed = _crossed(plan, rows, at, index) if plan.residual and index > 0 else 0.0
    sphere = 2.0 * (1.0 - plan.layer(index + 1).loose) / plan.width
    return Spread(
        share**2 * (elasticity**2 * inherited.batch + (part**2 * _sampling(plan, at, index, alike) + crossed * alike) / plan.width),
        share**2 * (elasticity**2 * inherited.single + (part**2 * _sampling(plan, at, index, 1.0) + crossed) / plan.width),
        share * (elasticity * inherited.shift + bend * (inherited.single - sphere)),
    )


def _crossed(plan: Plan, rows: Chain, at: Averages, index: int) -> float:
    """The product 2 x a of a skip connection, x the input and a the branch: 4 p Var(a) over the sum's square."""
    spread = float(at.square[index]) / plan.keep - float(at.mean[index]) ** 2
    return 4.0 * rows.p[index - 1] * max(spread, 0.0) / (rows.p[index] * rows.p[index])


def _sampling(plan: Plan, at: Averages, index: int, alike: float) -> float:
    """Mean over the batch's pairs of Cov(phi^2, phi^2) / E[phi^2]^2; dropout adds its own."""
    square = float(at.square[index])
    total = float(at.fourth[index]) / (square * square) - 1.0
    odd, even = (float(at.odd[index]) / square) ** 2, (float(at.even[index]) / square) ** 2 / 2
    rest = max(0.0, total - odd - even)
    pairs = odd * math.sqrt(alike) + even * alike * plan.hidden.loose + rest * alike**2
    own = (1.0 / plan.keep - 1.0) * float(at.fourth[index]) / (square * square) / plan.batch
    return max(pairs, (total - (1 - plan.hidden.loose) * even) / plan.batch) + own


def _mean_square_correlation(plan: Plan, rows: Chain, index: int, wander: float) -> float:
    """The mean of c^2 over all pairs of examples in a batch, an example with itself included."""
    correlation = 1.0 - rows.one_minus_c[index]
    if not math.isfinite(correlation):
        return 1.0
    return 1.0 / plan.batch + (1.0 - 1.0 / plan.batch) * min(1.0, correlation**2 + wander)
