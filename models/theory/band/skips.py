"""What hidden rows add to the variance of the next row's mean square with skip connections, where each layer adds to its input."""

from __future__ import annotations

import math

import numpy as np

from models.theory.band.cosines import Cosines
from models.theory.band.noise import Noise, sampling
from models.theory.chain import Chain
from models.theory.gaussian import Averages
from models.theory.layers import Plan
from models.theory.nonlinearity import Array


def beside_skips(plan: Plan, rows: Chain, at: Averages, batch: Cosines, taps: Cosines, carried: Array, noise: Noise) -> Noise:
    """The noise of hidden rows whose skips add up E[phi]. batch, taps: the cosines of the batch, and of one kernel's taps."""
    one = np.ones(plan.depth)
    alone = _adds(plan, rows, at, Cosines(one, one, one, one), 1.0, carried, noise.alone)
    single = alone if plan.taps == 1 else _adds(plan, rows, at, taps, 1.0 / plan.taps, carried, noise.single)
    return Noise(_adds(plan, rows, at, batch, 1.0 / (plan.batch * plan.pixels), carried, noise.batch), single, alone)


def _adds(plan: Plan, rows: Chain, at: Averages, pairs: Cosines, itself: float, carried: Array, without_mean: Array) -> Array:
    """What each hidden row adds to the variance of ln q in the next one, which inherits `carried`^2 of its own (both (depth,)), where
    `without_mean` is that of a phi whose mean E[phi] is 0.

    Skips add up E[phi], so that what is handed on, x, has a mean m over the units. It varies from seed to seed, and adds 2 m E[phi] to the
    mean square p. Followed are the variances of ln p and of m / sqrt(p), and their covariance. A unit with the branch a = phi adds
    2 x a + a^2 to p and a to m. Over N independent units, x and a independent, that has the variances
    (4 p Var(a) + 4 m Cov(a, a^2) + Var(a^2)) / N and Var(a) / N, and the covariance (2 m Var(a) + Cov(a, a^2)) / N.

    itself: the share of the pairs that are an input with itself
    """
    q, p = np.array(rows.q[:-1]) - plan.nl.centres[0] ** 2, np.array(rows.p[:-1])
    mean = at.mean
    if not mean.all():
        return without_mean
    m = np.cumsum(mean)
    bent = at.arched / (2.0 * mean)  # d ln E[phi] / d ln q
    share = np.minimum(np.array(rows.sigma_w2[:-1]) * np.append(math.nan, p[:-1]) / q, 1.0)  # more where padding's zeros count in q
    alike, same = pairs.square, pairs.mean
    single = np.maximum(at.square - mean**2, 0.0)
    masks = (1.0 / plan.keep - 1.0) * itself
    third, own = ((at.cube - mean * at.square) * same + masks * at.cube) / plan.keep, single * same + masks * at.square
    crossed = single * alike + masks * at.square
    squares = (sampling(plan, rows, at, pairs, itself) * at.square**2 + masks * at.fourth) / plan.keep**2
    before, after, old, new = p[:-1], p[1:], m[:-1], slice(1, None)
    shared, root = share[new] * mean[new] * bent[new], np.sqrt(before / after)
    stretch = before / after + (share[new] * at.even[new] / (2 * plan.keep) + 2 * old * shared) / after
    columns = (stretch, 2 * mean[new] * root / np.sqrt(after), shared / np.sqrt(after), root,
               (4 * before * crossed[new] + 4 * old * third[new] + squares[new]) / after**2,
               (2 * old * own[new] + third[new]) / after**1.5, own[new] / after)
    length, cross, spread = float(squares[0] / p[0] ** 2), float(third[0] / p[0] ** 1.5), float(own[0] / p[0])
    found = [0.0, length / plan.width]
    for kept, across, sent, straight, drawn, between, apart in zip(*(column.tolist() for column in columns), strict=True):
        lengths, crossing = kept * length + across * cross, kept * cross + across * spread
        passed, spreading = sent * length + straight * cross, sent * cross + straight * spread
        length, cross, spread = (kept * lengths + across * crossing + drawn, sent * lengths + straight * crossing + between,
                                 sent * passed + straight * spreading + apart)
        found.append(length / plan.width)
    out = np.array(rows.sigma_w2[1:]) * np.append(p[:-1], rows.pooled) / np.array(rows.q[1:])
    inherited = np.append(0.0, out**2 * np.array(found[1:]))
    adds = np.maximum(inherited[1:] - (carried / np.maximum(out, 1.0)) ** 2 * inherited[:-1], 0.0)
    return np.where(np.isfinite(adds), adds, without_mean)
