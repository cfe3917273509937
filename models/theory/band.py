"""How far the measured mean square of a row's pre-activations lies from q_l at this width: over seeds, to first order in 1 / N.

The mean square over N units and B examples is q_l times the product of two fluctuations, both followed as ln q's variance:

    drawn:      N independent units see the batch once: 2 C_l / N, C_l the mean of c^2 over all pairs of the batch (draws.py)
    inherited:  a_l^2 inherited + spread_l C_l / N, with a_l = dln q_{l+1} / dln q_l and spread the variance of phi^2 over E[phi^2]^2
                (steps.py, noise.py; beside skips skips.py)

What is inherited makes ln q Gaussian with mean -variance / 2, exact for ReLU's products of layers (Hanin & Nica 2020, 1812.05994: 5 / N
a layer); what a row's own weights draw has a Gamma law, which counts where there are few units: two classes' logits.
Pairs: C = 1/B + (1 - 1/B) c^2, and E[phi^2 phi^2] over pairs by Hermite's first two terms and c^4 for the rest; how c spreads is in
cosines.py. Dropout's masks are drawn anew for each value. A normalization before phi leaves eps's share, and holds fast what phi^2 has of
h and h^2. Every pixel of an image is an input of its own, so that C runs over pairs of pixels, too; the output row reads their mean
(pooled.py).

The centre: one example's length has a law, at first the inputs', that spreads by what it draws and is bent by phi row by row (lengths.py).
A sphere of N units instead of a Gaussian takes away 1 / N times the bend E[phi^2] has there. An eighth of that shift widens the band as
well; where the part that is drawn is beyond 0.2 there is no band. What LSUV leaves is in fitted.py, where a band is known in known.py.
"""

from __future__ import annotations

import math

import numpy as np

from models.theory.chain import Chain
from models.theory.cosines import by_length, constant, cosines, smoothing
from models.theory.draws import beside_orthogonal, drawn, few, of_uniform_biases
from models.theory.fitted import left_by_lsuv
from models.theory.gaussian import Averages
from models.theory.known import ODD, near_zero, of_real_images, output_unknown, unknown_from
from models.theory.layers import Plan
from models.theory.lengths import (
    BEYOND,
    MOST_APART,
    apart_at_first,
    behind_batch,
    behind_batch_of_phi,
    by_lengths,
    followed,
    of_kurtosis,
    of_longer,
    unbound,
)
from models.theory.noise import noise_of, shares
from models.theory.nonlinearity import Array
from models.theory.pooled import of_pooled, raised_by, with_shared
from models.theory.quantiles import FLOOR, quantiles
from models.theory.silent import silent
from models.theory.skips import with_skips
from models.theory.steps import steps_of

UNSURE = 0.125
"""The share of the shift that widens the band as well; and of what is drawn in it, from which on the inputs' lengths alone no longer
tell the law of lengths."""

CLOSE = 0.05
"""Variance of ln q of one example against the batch, up to which phi's averages at the mean length stand for all."""


def band(plan: Plan, rows: Chain, at: Averages) -> tuple[Array, Array, int | None]:
    """(low, high) of every row's mean square, which hold LEVEL of the seeds; not a number where that is not known (`unknown_from`,
    `output_unknown`, where q runs away, and where the law of lengths decides, from the row on that is returned, if there is one)."""
    low, high, decided = _band(plan, rows, at)
    first = unknown_from(plan, rows)
    if first is None:
        low *= 1.0 - near_zero(plan, rows)
        lost = silent(plan, rows)
        low[1:] *= 1.0 - (lost.most - lost.least) * shares(plan, rows)
    if output_unknown(plan, rows):
        low[-1], high[-1] = math.nan, math.nan
    if first is not None:
        low[first - 1:], high[first - 1:] = math.nan, math.nan
    return low, high, decided


def _band(plan: Plan, rows: Chain, at: Averages) -> tuple[Array, Array, int | None]:
    inherited, third, own, shift, away = _spreads(plan, rows, at)
    beyond, decided = np.maximum.accumulate(np.abs(away) > BEYOND), None
    shift = 0.0 * shift if plan.unit else shift
    if plan.unit:
        low, high = left_by_lsuv(plan, rows, at)
    else:
        more, lower, higher = of_uniform_biases(plan, rows)
        own[-1] += more
        low, high = quantiles(inherited + (UNSURE * shift) ** 2, own, third)
        low[-1], high[-1] = low[-1] + lower, high[-1] + higher
    hangs = (np.abs(shift) > high - low) & (np.abs(away) > UNSURE * np.abs(shift)) & ~beyond
    if hangs.any() and plan.config.data.name != "gaussian" and unbound(plan, rows):  # two moments tell noise's law, drawn or not
        decided = int(hangs.argmax()) + 1
        beyond[decided - 1:] = True
    q = np.where(beyond, math.nan, rows.q) * np.exp(shift)
    return q * np.exp(low - FLOOR), q * np.exp(high + FLOOR), decided


def _spreads(plan: Plan, rows: Chain, at: Averages) -> tuple[Array, Array, Array, Array, Array]:
    """Of each row's batch mean square the fluctuation that it inherits, as ln's variance and third cumulant, that which its own weights
    draw, and its shift: all of it, and without what comes of the input's lengths."""
    smoothed = smoothing(plan)
    pairs, taps, lift = cosines(plan, rows, at, smoothed)
    steps, start = steps_of(plan, rows, at, smoothed), apart_at_first(plan, rows, smoothed)
    noise = noise_of(plan, rows, at, pairs.hidden(), taps.hidden())
    units = np.full(plan.depth + 1, plan.width)
    units[-1] = plan.config.classes
    loose = plan.each("loose")
    beside = (1.0 - loose) * beside_orthogonal(plan, rows, by_length(plan, rows, pairs))
    batch, single, shift, away = followed(plan, steps, noise, start)
    third = np.zeros(plan.depth + 1)
    if unbound(plan, rows):
        if (single - batch).max() > CLOSE and not plan.residual:
            noise = noise_of(plan, rows, of_longer(plan, rows, at, single), pairs.hidden(), taps.hidden())
        batch, single, shift, away, third = by_lengths(plan, rows, steps, noise, start)
    itself = np.minimum(np.expm1(np.clip(single - batch, 0.0, MOST_APART)) / (plan.batch * plan.pixels), 1.0)
    if plan.pre == "batch" and plan.pixels == 1 and not plan.residual:
        differ = behind_batch(plan, at, steps.kept, start)
        itself[-1] += differ * float(at.even[-1] / (2.0 * at.square[-1])) ** 2 / (plan.batch * plan.pixels)
        shift[-1] += of_kurtosis(at, differ, float(pairs.square[-2])) * float(shares(plan, rows)[-1])
    if plan.post == "batch" and plan.pixels == 1 and not plan.residual:
        itself[1:] = behind_batch_of_phi(plan, at, pairs.square, start)[1:] / plan.batch
    own = np.zeros(plan.depth + 1) if plan.unit else (2.0 * loose * (drawn(plan, rows, pairs) + itself) + beside) / units
    if plan.residual and plan.pre == "none" and plan.post == "none" and not plan.unit:
        third, batch = 0.0 * third, with_skips(plan, rows, at, pairs.hidden().counting(itself[:-1]), itself[:-1], batch)
    single = single + (0.0 if plan.unit else (2.0 * loose + beside) / units)
    if plan.pre != "none":
        share = plan.eps / (np.array(rows.v[:-1]) + plan.eps)
        batch[:-1], own[:-1] = share**2 * (batch + own)[:-1], 0.0
        shift[:-1] = -share * (1.0 - share) * (single[:-1] + few(plan))  # v / (v + eps) is bent downwards
    if plan.post == "batch":
        lost = silent(plan, rows)
        shift[1:] += np.log1p(-lost.least * shares(plan, rows))
        batch[1:] += lost.spread / plan.width * shares(plan, rows) ** 2
    raised = raised_by(plan, lift)
    if plan.pixels > 1 and not of_real_images(plan) and not plan.unit:
        pooled, mean, square, taken = of_pooled(plan, rows, at, raised)
        shift[-1], third[-1] = shift[-1] + taken, 0.0
        if (at.mean**2 <= ODD * at.square).all():
            batch[-1] = pooled
        elif plan.norm == "none" and not plan.residual:
            batch[-1] = with_shared(plan, rows, noise.batch, steps.carried) * float(shares(plan, rows)[-1]) ** 2
        else:
            batch[-1] += pooled  # what all pixels share goes with q
        own[-1] = (2.0 * loose[-1] * drawn(plan, rows, pairs.reading(mean, square))[-1] + beside[-1]) / units[-1]
    shift[-1] += math.log1p(raised * (1.0 - float(constant(plan, rows)[-1])))
    return batch, third, own, shift, away
