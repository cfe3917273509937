"""Where a finite-width band is known, and from which row on it is not. The shares quoted are of seeds inside a band of 95 %."""

from __future__ import annotations

import math

import numpy as np

from models.theory.chain import AROUND_MEAN, Chain
from models.theory.gaussian import second_moment
from models.theory.layers import Plan
from models.theory.nonlinearity import Array

EPSILON = 1e-3
"""The largest share of a variance that eps may be, where the variances that a normalization divides by differ by factors."""

LONGEST = 1.0
"""Relative variance of the mean squares of what units see in real images (MNIST 1.4 to 5, digits up to 0.96). Beyond it the longest of
these fields rule, and a band needs the mean cosine in which each counts by its mean square."""

FASTER = 1.1
"""Elasticity of E[phi]^2 from which on it counts as larger than ReLU's, which is 1."""

MOST = 0.5
"""Share of a mean square that decides about it."""

OF_EXAMPLES = ("layer", "group", "rms")
"""Normalizations of single examples over their units."""

SHORT = 0.01
"""A squared length, relative to the first row's mean, that stands for all lengths near 0."""

ODD = 1e-3
"""dE[phi] / dln q in units of phi's standard deviation, below which phi counts as odd up to a constant (ReLU has 0.34, SELU 0.03)."""


def unknown_from(plan: Plan, rows: Chain) -> int | None:
    """The row from which on no band is known, if there is one.

    1: real images whose participation ratio is not given, and normalizations whose eps counts (by_epsilon).
    2: real images whose pixels' lengths decide. Kernels of one tap keep these lengths, and normalizations of single examples behind phi
       turn them into means (on digits 0.81 to 0.96). Where lengths differ by factors, the longest rule phi^2, and these are more alike than
       the rest: patches of MNIST have the mean cosine 0, but 0.26 weighted by their squares; where only the first is known, 0.86 to 0.9.
    3: skips with a batch normalization behind phi. It takes each unit's mean over the batch away, and what is left of E[phi] is positive
       for longer examples and negative for shorter ones. Skips add that up, and lengths drift apart: after 20 rows of 64 ReLU units the
       mean square is 1.17 times q.
    An odd phi, up to a constant, has the same E[phi] whatever the length, so that it has none of these problems.
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
    """Whether no band is known of an image's output row, which reads the mean over the pixels.

    Real images: it depends on correlations between pixels of which only the mean is known.
    Noise: it is known where the pixels' mean passes the rows as a signal passes a linear layer, or where E[phi], which all pixels share,
    goes with it. It is not known
     - where E[phi]^2 grows faster than q, as with GELU, and there are skips, or orthogonal weights with zero padding (0.83 to 0.93)
     - where a normalization behind phi takes E[phi] away, or one over a single image the signal, so that E[phi] has to be most of what is
       left (SELU's is 0 there: 0.00)
     - with kernels of one tap: pixels that no kernel averages are so few directions that units' means differ by chance (0.68 to 0.91)
    """
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
    """d ln E[phi]^2 / d ln q: 1 for ReLU; 2, near 0, for an activation that is smooth there."""
    around = q - plan.nl.centres[0] ** 2
    if not 0.0 < around < math.inf:
        return 0.0
    mean, longer = (second_moment(plan.nl, around * by)[1] for by in (1.0, 1.01))
    return 2.0 * math.log(abs(longer / mean)) / math.log(1.01) if mean * longer != 0.0 else 0.0


def by_epsilon(plan: Plan, rows: Chain) -> bool:
    """Whether eps counts beside the variances that a normalization divides by, and these differ by factors: from unit to unit where the
    mean is taken over the batch or an image, and from point to point where points lie near 0. (Where a unit of the first layer sees a
    single number, its variance has a chi square law, and all rows keep rank 1.)"""
    around_mean = plan.norm in AROUND_MEAN
    if around_mean and (plan.seen == 1 if plan.pre != "none" else plan.seen <= 2 and plan.hidden.loose < 1.0):
        return True
    if plan.post != "none":
        return plan.seen <= 2 and plan.eps > EPSILON * _of_short(plan, rows)
    return plan.pre != "none" and (around_mean or plan.seen <= 2) and plan.eps > EPSILON * min(rows.v[:-1])


def near_zero(plan: Plan, rows: Chain) -> Array:
    """The most that a small eps takes from the rows' mean squares, as a share, where units see only one or two numbers (depth + 1,).

    With e = eps / v it is the mean of e / (x + e) and two deviations over the units. x has a chi square law: with two degrees of freedom
    where the mean is taken over the batch or an image, in every row, as points in the plane stay near one; with one for normalizations of
    single examples, as spirals have that many points near 0, until a normalization has made all equally long. Near 0 phi is a line.
    """
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
    """What a normalization behind phi divides by for an example of SHORT of the first row's squared length, over SHORT."""
    square, mean = second_moment(plan.nl, SHORT * rows.v[0])
    return (square if plan.post == "rms" else square - mean**2) / SHORT


def odd(plan: Plan, rows: Chain) -> bool:
    """Whether phi is odd up to a constant, so that E[phi] is the same whatever the length."""
    q = rows.q[0]
    turn = abs(second_moment(plan.nl, q * 1.01)[1] - second_moment(plan.nl, q / 1.01)[1]) / 0.02
    square, mean = second_moment(plan.nl, q)
    return turn <= ODD * math.sqrt(max(square - mean**2, 0.0))


def of_real_images(plan: Plan) -> bool:
    """Whether the input is real images, whose pixels are correlated, some pairs much more than others."""
    return plan.pixels > 1 and plan.config.data.name != "gaussian"
