"""How far the measured mean square of a row's pre-activations lies from q_l at this width: over seeds, to first order in 1 / N.

The mean square over N units and B examples is q_l times the product of two fluctuations, both followed as ln q's variance:

    drawn:      N independent units see the batch once: 2 C_l / N, C_l the mean of c^2 over all pairs of the batch
    inherited:  a_l^2 inherited + spread_l C_l / N, with a_l = dln q_{l+1} / dln q_l and spread the variance of phi^2 over E[phi^2]^2

ln q is taken as Gaussian with mean -variance / 2, exact for ReLU's products of layers (Hanin & Nica 2020, 1812.05994: 5 / N a layer).
Pairs: C = 1/B + (1 - 1/B) c^2, and E[phi^2 phi^2] over pairs by Hermite's first two terms. Orthogonal weights keep lengths, so that
a square one draws nothing. A normalization before phi leaves only eps's share. Pixels of an image count as alike, which is wide.
"""

from __future__ import annotations

import math

import numpy as np

from models.theory.chain import Chain
from models.theory.gaussian import Averages
from models.theory.layers import Plan
from models.theory.nonlinearity import Array

LEVEL = 0.95
DEVIATIONS = 1.959964
FLOOR = 1e-5
"""Relative half width that rounding in float32 takes."""


def band(plan: Plan, rows: Chain, at: Averages, features: int) -> tuple[Array, Array]:
    """(low, high) of every row's mean square, which hold LEVEL of the seeds."""
    variance = np.array(_log_variances(plan, rows, at, features))
    q = np.array(rows.q)
    half = DEVIATIONS * np.sqrt(variance) + FLOOR
    with np.errstate(over="ignore"):
        return q * np.exp(-variance / 2 - half), q * np.exp(-variance / 2 + half)


def _log_variances(plan: Plan, rows: Chain, at: Averages, features: int) -> list[float]:
    """Var ln of each row's measured mean square."""
    inherited, found, wander = 0.0, [], 1.0 / features
    for row in range(1, plan.depth + 2):
        alike = _mean_square_correlation(plan, rows, row - 1, wander)
        units = plan.width if row <= plan.depth else plan.config.classes
        drawn = 0.0 if plan.unit else 2.0 * alike * plan.layer(row).loose / units
        q, v = rows.q[row - 1], rows.v[row - 1]
        if plan.pre != "none" and row <= plan.depth:
            found.append((plan.eps / (v + plan.eps)) ** 2 * (inherited + drawn))
            inherited = 0.0
        else:
            found.append(inherited + drawn)
        if row <= plan.depth:
            index = row - 1
            inherited = _passed_on(plan, rows, at, index, inherited, alike)
            slope = rows.sigma_w2[row] * q * float(at.slope[index]) ** 2 / rows.q[row] if rows.q[row] else 0.0
            wander = min(1.0, wander * min(slope, 1.0) ** 2 + 1.0 / plan.width)
    return found


def _passed_on(plan: Plan, rows: Chain, at: Averages, index: int, inherited: float, alike: float) -> float:
    """Var ln of the next row's q, given this row's weights' fluctuations."""
    if plan.unit or plan.post != "none":
        return 0.0
    square = float(at.square[index])
    share = rows.sigma_w2[index + 1] * square / plan.keep / rows.q[index + 1] if rows.q[index + 1] else 0.0
    if plan.residual and rows.p[index] > 0:
        share = min(1.0, rows.sigma_w2[index + 1] * rows.p[index] / rows.q[index + 1])
    if square <= 0 or not math.isfinite(share):
        return inherited
    elasticity = float(at.even[index]) / (2 * square)
    sampled = _sampling(plan, at, index, alike) / plan.width
    if plan.residual and index > 0:
        part = square / plan.keep / rows.p[index]
        return share**2 * (inherited * ((1 - part) + part * elasticity) ** 2 + part**2 * sampled)
    return share**2 * (elasticity**2 * inherited + sampled)


def _sampling(plan: Plan, at: Averages, index: int, alike: float) -> float:
    """Mean over the batch's pairs of Cov(phi^2, phi^2) / E[phi^2]^2; dropout adds its own."""
    square = float(at.square[index])
    total = float(at.fourth[index]) / square**2 - 1.0
    odd, even = float(at.odd[index]) ** 2 / square**2, float(at.even[index]) ** 2 / 2 / square**2
    rest = max(0.0, total - odd - even)
    pairs = odd * math.sqrt(alike) + even * alike * plan.hidden.loose + rest * alike**2
    own = (1.0 / plan.keep - 1.0) * float(at.fourth[index]) / square**2 / plan.batch
    return max(pairs, (total - (1 - plan.hidden.loose) * even) / plan.batch) + own


def _mean_square_correlation(plan: Plan, rows: Chain, index: int, wander: float) -> float:
    """The mean of c^2 over all pairs of examples in a batch, an example with itself included."""
    correlation = 1.0 - rows.one_minus_c[index]
    if not math.isfinite(correlation):
        return 1.0
    return 1.0 / plan.batch + (1.0 - 1.0 / plan.batch) * min(1.0, correlation**2 + wander)
