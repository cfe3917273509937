"""Where a finite-width band is known, and from which row on it is not."""

from __future__ import annotations

import math

import numpy as np

from models.theory.chain import AROUND_MEAN, Chain
from models.theory.gaussian import second_moment
from models.theory.layers import Plan
from models.theory.nonlinearity import Array

EPSILON = 1e-3
"""Share of a variance that eps may be where variances differ by factors."""

LONGEST = 1.0
"""Variance of real fields' mean squares over its mean squared (MNIST 1.4 to 5, digits up to 0.96) beyond which the longest rule, and
the mean cosine has to be known that counts them as such."""

FASTER = 1.1
"""Elasticity of E[phi]^2 that is more than ReLU's, whatever its slopes."""

MOST = 0.5
"""Share of a mean square that decides about it."""

OF_EXAMPLES = ("layer", "group", "rms")
"""Normalizations of single examples over their units."""

SHORT = 0.01
"""Squared length, of the first row's mean, that stands for all that are near 0."""

ODD = 1e-3
"""dE[phi] / dln q in units of phi's standard deviation, below which phi counts as odd up to a constant (ReLU has 0.34, SELU 0.03)."""


def unknown_from(plan: Plan, rows: Chain) -> int | None:
    """The row from which on no band is known, if there is one: all of real images whose participation ratio is not given.

    A batch normalization behind phi takes each unit's mean over the batch away, and what is left of E[phi] is positive for longer
    examples, negative for shorter ones. Skips add that up over the rows, so that lengths drift apart: at 20 rows of ReLU of width 64 the
    mean square is 1.17 times q. Real images' pixels differ in length, too, which kernels of one tap keep and normalizations of single
    examples behind phi turn into means: on digits 0.81 to 0.96 of the seeds were inside. Where lengths differ by factors, the longest rule
    phi^2, and these are alike: patches of MNIST have a mean cosine of 0, weighted by their squares of 0.26, without which 0.86 to 0.9 were
    inside. An odd phi, up to a constant, has the same E[phi] whatever the length.
    """
    if by_epsilon(plan, rows):
        return 1
    if of_real_images(plan):
        if rows.fields.participation is None:
            return 1
        longest = rows.fields.correlation is None and rows.fields.spread is not None and rows.fields.spread > LONGEST
        bent = plan.nl.slope is None and plan.taps == 1  # ReLU's family keeps the ratio of two lengths, and taps average them
        return 2 if plan.post in OF_EXAMPLES or ((longest or bent) and not odd(plan, rows)) else None
    if plan.pixels > 1 and plan.taps == 1 and plan.post in OF_EXAMPLES:
        return None if odd(plan, rows) else 2
    return 3 if plan.post == "batch" and plan.residual and plan.depth >= 3 and not odd(plan, rows) else None


def output_unknown(plan: Plan, rows: Chain) -> bool:
    """Whether no band is known of what an image's output row reads, the mean over its pixels: of real ones it hangs on correlations that
    are known by their mean only. Of noise it is known where that mean passes the rows as a linear layer's signal does, or what all pixels
    share, E[phi], goes with it. Where E[phi]^2 grows faster than q, as GELU's, it is not known beside skips, nor of orthogonal weights
    with zero padding: 0.83 to 0.93 of the seeds were inside. A normalization behind phi takes E[phi] away, one over a single image the
    signal, so that E[phi] has to be most of what is left (SELU's is 0 there: 0.00); and pixels that no kernel averages are so few
    directions that units' means differ by chance: 0.68 to 0.91."""
    if plan.pixels == 1:
        return False
    bent = not odd(plan, rows)
    few = plan.taps == 1 and (bent or plan.pre == "instance")
    apart = plan.residual or (plan.kernel > 1 and plan.hidden.loose < 1.0)
    if plan.norm == "none" and not plan.unit and bent and apart and max(_growth(plan, rows.q[0]), _growth(plan, rows.q[-2])) > FASTER:
        return True
    alone = plan.pre == "instance" and (not bent or _of_mean(plan, rows) < MOST)
    return of_real_images(plan) or few or (plan.post in ("batch", "layer", "group") and bent) or alone


def _of_mean(plan: Plan, rows: Chain) -> float:
    """The share of E[phi]^2 in the mean square of the last hidden row's pixels' mean."""
    return float(second_moment(plan.nl, rows.q[-2])[1] ** 2 / rows.pooled) if rows.pooled > 0.0 else 0.0


def _growth(plan: Plan, q: float) -> float:
    """d ln E[phi]^2 / d ln q: 1 of ReLU, 2 of what is smooth at 0."""
    around = q - plan.nl.centres[0] ** 2
    if not 0.0 < around < math.inf:
        return 0.0
    mean, longer = (second_moment(plan.nl, around * by)[1] for by in (1.0, 1.01))
    return 2.0 * math.log(abs(longer / mean)) / math.log(1.01) if mean * longer != 0.0 else 0.0


def by_epsilon(plan: Plan, rows: Chain) -> bool:
    """Whether eps counts in a normalization whose variances differ by factors: from unit to unit around a mean over the batch or an image,
    from point to point of those near 0. Where a unit sees one number its variance is a chi square, and rank 1 stays."""
    around_mean = plan.norm in AROUND_MEAN
    if around_mean and (plan.seen == 1 if plan.pre != "none" else plan.seen <= 2 and plan.hidden.loose < 1.0):
        return True
    if plan.post != "none":
        return plan.seen <= 2 and plan.eps > EPSILON * _of_short(plan, rows)
    return plan.pre != "none" and (around_mean or plan.seen <= 2) and plan.eps > EPSILON * min(rows.v[:-1])


def near_zero(plan: Plan, rows: Chain) -> Array:
    """What little eps takes from rows' mean squares where units or points see one or two numbers, at most (depth + 1,): with e = eps / v
    the mean of e / (x + e), and two deviations over units, for x with the law of a chi square of two degrees of freedom (batch, instance:
    in every row, as points in the plane stay near one); of one (single examples: spirals have as many points near 0, until a normalization
    has made them alike). What phi makes of those near 0 is a line."""
    taken = np.zeros(plan.depth + 1)
    if plan.norm == "none" or plan.seen > 2:
        return taken
    e = plan.eps / (np.array(rows.v[:-1]) if plan.pre != "none" else np.full(plan.depth, _of_short(plan, rows)))
    share = e * np.log(1.0 / e) + 2.0 * np.sqrt(e / plan.width) if plan.norm in AROUND_MEAN else np.sqrt(math.pi * e / 2.0)
    if plan.pre != "none":
        taken[:-1] = share if plan.pre in AROUND_MEAN else np.append(share[0], 0.0 * share[1:])
    else:
        taken[1:] = share if plan.residual or plan.post in AROUND_MEAN else np.append(share[0], 0.0 * share[1:])
    return taken


def _of_short(plan: Plan, rows: Chain) -> float:
    """Of phi's mean square, what a normalization behind it divides by, a hundredth of the first row's length as if it grew in line."""
    square, mean = second_moment(plan.nl, SHORT * rows.v[0])
    return (square if plan.post == "rms" else square - mean**2) / SHORT


def odd(plan: Plan, rows: Chain) -> bool:
    """Whether E[phi] is the same whatever the length."""
    q = rows.q[0]
    turn = abs(second_moment(plan.nl, q * 1.01)[1] - second_moment(plan.nl, q / 1.01)[1]) / 0.02
    square, mean = second_moment(plan.nl, q)
    return turn <= ODD * math.sqrt(max(square - mean**2, 0.0))


def of_real_images(plan: Plan) -> bool:
    """Whether the input's pixels are correlated, by far not all pairs equally."""
    return plan.pixels > 1 and plan.config.data.name != "gaussian"
