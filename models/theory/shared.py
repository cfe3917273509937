"""The part of a residual network's gradient that its units share.

Skips add up E[phi] from layer to layer, so that what is handed on, x, has a mean m over the units (chain.py). At infinite width the
gradient with respect to x is drawn anew in every layer (backward.py). At a finite width it also has a part alpha 1 + beta x, the same for
all units or along x, which every layer sends back systematically: the weights are not independent of the pre-activation z that they make,
since E[w | z] = z x sigma_w^2 / (N q). Hence

    W^T (phi' delta) = x (sigma_w^2 / q) E[z phi'(z) (alpha + beta (x + phi(z)))] + noise of mean square sigma_w^2 E[(phi' delta)^2].

In a network of width N that part begins at 1 / N of the gradient's square and grows faster than the rest: with ReLU at sigma_w^2 = 2 by 2.9
a layer, the rest by 2, so that with 256 units it rules from about 15 layers below the output on. The second moments of alpha and beta are
followed to leading order in 1 / N, in MLPs without a normalization.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from models.theory.chain import Chain
from models.theory.gaussian import Averages, slope_products
from models.theory.layers import Plan
from models.theory.nonlinearity import Array

TINY = 1e-9
"""The least share of x that counts as varying over the units."""


class Quadratic(NamedTuple):
    """A symmetric form of two numbers, one entry a row: a11 x^2 + 2 a12 x y + a22 y^2."""

    one: Array
    mixed: Array
    two: Array


class Blocks(NamedTuple):
    """What each row's block x + phi(W x) (x = 0 in the first row) does to the second moments of (alpha, beta sqrt(E[x^2])), delta being the
    gradient with respect to what the block hands on.

    seen:    the mean square of phi' delta as a quadratic form of (alpha, beta sqrt(E[x^2]))
    slope:   that mean square for the rest of delta, for each unit of its mean square
    across, sent, straight: the matrix [[1, across], [sent, straight]] that takes (alpha, beta ...) from one layer to the one before
    of_rest, of_noise: N times the second moments that the rest, and the noise, of mean square 1 have along 1 and x
    weight:  sigma_w^2
    own:     the share of a gradient along x + phi(z) that does not lie along x
    level:   m / sqrt(E[x^2]) of what the block hands on
    """

    seen: Quadratic
    slope: Array
    across: Array
    sent: Array
    straight: Array
    of_rest: Quadratic
    of_noise: Quadratic
    weight: Array
    own: Array
    level: Array


def is_followed(plan: Plan) -> bool:
    return plan.residual and plan.norm == "none" and plan.pixels == 1 and plan.depth > 1


def counted(plan: Plan, rows: Chain, at: Averages, *several: Array) -> tuple[Array, ...]:
    """The given factors of backward.py (depth,), with the part that units share where that is followed. (Hidden layers are square, so that
    squared norms and mean squares have the same factors.)"""
    if not is_followed(plan):
        return several
    found = growth(plan, rows, at)
    return tuple(np.append(np.where(np.isfinite(found), found, factors[:-1]), factors[-1]) for factors in several)


def growth(plan: Plan, rows: Chain, at: Averages) -> Array:
    """What the pre-activation gradient's expected mean square is multiplied by at this width, from row l + 1 back to row l (depth - 1,)."""
    blocks = _blocks(plan, rows, at)
    columns = [column.tolist() for part in blocks for column in (part if isinstance(part, Quadratic) else (part,))]
    level = blocks.level.tolist()
    aa, ab, bb = (one / plan.width for one in _drawn(level[-1]))
    rest, after, found = max(1.0 - 2.0 / plan.width, 0.0), math.nan, []
    for row in range(plan.depth - 1, -1, -1):
        (s_aa, s_ab, s_bb, slope, across, sent, straight, r_aa, r_ab, r_bb, n_aa, n_ab, n_bb, weight, own, _
         ) = (column[row] for column in columns)
        seen = s_aa * aa + 2.0 * s_ab * ab + s_bb * bb + slope * rest
        found.append(seen / after if after else math.nan)
        if row == 0:
            break
        noise, more = weight * seen, own * bb
        turned = sent * aa + straight * ab, sent * ab + straight * bb
        aa, ab, bb = aa + across * (2.0 * ab + across * bb), turned[0] + across * turned[1], sent * turned[0] + straight * turned[1]
        d_aa, d_ab, d_bb = ((rest * kept + noise * new) / plan.width for kept, new in ((r_aa, n_aa), (r_ab, n_ab), (r_bb, n_bb)))
        rest = max(rest + noise + more - _mean_square(d_aa, d_ab, d_bb, level[row - 1]), 0.0)
        aa, ab, bb = aa + d_aa, ab + d_ab, bb + d_bb
        handed = _mean_square(aa, ab, bb, level[row - 1]) + rest
        aa, ab, bb, rest, after = aa / handed, ab / handed, bb / handed, rest / handed, seen / handed
    return np.array(found[:0:-1])


def _blocks(plan: Plan, rows: Chain, at: Averages) -> Blocks:
    after, total, keep = np.array(rows.p[:-1]), np.cumsum(at.mean), plan.keep
    p, m = np.append(0.0, after[:-1]), np.append(0.0, total[:-1])
    q, weight = np.array(rows.q[:-1]) - plan.nl.centres[0] ** 2, np.array(rows.sigma_w2[:-1])
    linear, square, along = slope_products(plan.nl, q)
    root, root_after, crossed = np.sqrt(p), np.sqrt(after), at.even / 2.0  # E[z phi' phi]; E[z phi'] is at.arched
    root[0] = 1.0  # nothing is passed on from there
    back, spread, own = root * weight / q, p - m**2, at.square / keep - at.mean**2
    share, common = spread / (spread + own), crossed / keep - at.arched * at.mean
    level = m / root
    gap = np.maximum(1.0 - level**2, TINY)
    return Blocks(
        seen=Quadratic(at.slope_square / keep, (m * at.slope_square + linear / keep) / (root_after * keep),
                       (p * at.slope_square + 2.0 * m * linear / keep + square / keep**2) / (after * keep)),
        slope=at.slope_square / keep, across=at.mean / root_after, sent=back * at.arched,
        straight=(root + back * (m * at.arched + crossed / keep)) / root_after,
        of_rest=_of_rest(level, gap, root, back, share * own, share * common, along / keep - at.arched**2 - common**2 / (spread + own)),
        of_noise=Quadratic(1.0 / gap, -level / gap, level**2 / gap),
        weight=weight, own=own / after, level=total / root_after,
    )


def _of_rest(level: Array, gap: Array, root: Array, back: Array, phi: Array, both: Array, along: Array) -> Quadratic:
    """The moments along 1 and x of the rest of the gradient. Its products with x and with z phi'(z) are not independent: their variances
    are `phi` and `along`, their covariance `both`."""
    one, two = -level / (gap * root), 1.0 / (gap * root)
    return Quadratic(one**2 * phi, one * (two * phi - back * both), two**2 * phi - 2.0 * two * back * both + back**2 * along)


def _mean_square(aa: float, ab: float, bb: float, level: float) -> float:
    """The mean square of alpha 1 + beta x, from the second moments of (alpha, beta sqrt(E[x^2]))."""
    return aa + 2.0 * level * ab + bb


def _drawn(level: float) -> tuple[float, float, float]:
    """N times the second moments of (alpha, beta sqrt(E[x^2])) for a random vector of mean square 1."""
    gap = max(1.0 - level**2, TINY)
    return 1.0 / gap, -level / gap, 1.0 / gap
