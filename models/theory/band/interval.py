"""The band itself: in each row the two ends between which the measured mean square of the pre-activations lies for LEVEL of the seeds.

The mean square over N units and B examples is q_l times two random factors. Both are followed as the variance of their logarithm, to first
order in 1 / N:

    own:        the row's own N units, each of which reads the batch once, draw 2 C_l / N; C_l is the mean of c^2 over all pairs of
                inputs, each with itself included (draws.py)
    inherited:  what the rows before have drawn. With a_l = d ln q_{l+1} / d ln q_l it becomes a_l^2 inherited + spread_l C_l / N in
                the next row, where spread_l is the variance of phi^2 over E[phi^2]^2 (steps.py, noise.py; with skips skips.py)

What is inherited makes ln q Gaussian with the mean -variance / 2, which is exact for products of ReLU layers (Hanin & Nica 2020,
1812.05994: 5 / N a layer). What a row's own weights draw has a Gamma law, whose long lower tail counts where there are few units, as two
classes' logits; where all inputs point in one direction, a constant and a Gamma law, which has not.

    Pairs          cosines.py says how their cosines spread. E[phi_a^2 phi_b^2] over the pairs has Hermite's first two terms, and c^4 for
                   the rest.
    Dropout        draws its masks anew for each value.
    Normalization  before phi it leaves only eps's share of what is inherited, and what phi^2 has in common with h and h^2 is held fast; not
                   what goes on along a skip.
    Images         every pixel is an input of its own, so the pairs are pairs of pixels, too. The output row reads their mean (pooled.py).

The band's centre is not quite q_l. The inputs differ in length, and phi bends the longer ones otherwise than the shorter (lengths.py).
Orthogonal weights keep lengths, which takes away 1 / N times the bend that E[phi^2] has there. Second orders are left out, so UNSURE of
the shift widens the band as well, and less of what such flat laws make of it, which is exact to first order. Where the part of the shift
that the seeds draw is beyond BEYOND no band is given. What remains where LSUV fits the weights is in fitted.py, and where a band is known
at all in known.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from models.theory.band.cosines import Cosines, by_length, constant, cosines, smoothing
from models.theory.band.draws import beside_one, beside_orthogonal, drawn, of_uniform_biases
from models.theory.band.fitted import left_by_lsuv
from models.theory.band.known import ODD, near_zero, of_real_images, output_unknown, unknown_from
from models.theory.band.lengths import (
    BEYOND,
    FEWEST,
    apart_at_first,
    behind_batch,
    behind_batch_of_phi,
    by_lengths,
    followed,
    of_flat_laws,
    of_itself,
    of_kurtosis,
    of_longer,
    unbound,
)
from models.theory.band.noise import Noise, noise_of, shares
from models.theory.band.pooled import of_pooled, raised_by, with_shared, with_shared_beside_rms
from models.theory.band.quantiles import FLOOR, quantiles
from models.theory.band.silent import Silent, silent
from models.theory.band.skips import beside_skips
from models.theory.band.steps import Steps, flatness, steps_of, through_normalization
from models.theory.chain import Chain
from models.theory.gaussian import Averages
from models.theory.layers import Plan
from models.theory.nonlinearity import Array

UNSURE = 0.125
"""The share of the shift that widens the band as well. Also: where more than this share of the shift is drawn by the seeds, the inputs'
lengths alone no longer tell the law of lengths."""

BY_LAW = 1.0 / 6.0
"""Up to this share of the band's width the shift may be another one by another law of lengths with the same three moments."""

CLOSE = 0.05
"""Up to this variance of ln q between the examples of a batch, phi's averages at the mean length stand for all of them."""


def band(plan: Plan, rows: Chain, at: Averages) -> tuple[Array, Array, int | None]:
    """(low, high, decided): the two ends in every row (depth + 1,), not a number where no band is given; `decided` is the row from which on
    that is because the band depends on more of the law of the inputs' lengths than is known, if there is one. The other reasons: the row is
    unknown (known.py), or q runs away from theory's."""
    lost = silent(plan, rows)
    low, high, decided = _band(plan, rows, at, lost)
    first = unknown_from(plan, rows)
    if first is None:
        low *= 1.0 - near_zero(plan, rows)
        low[1:] *= 1.0 - (lost.most - lost.least) * shares(plan, rows) * (not plan.unit)  # LSUV makes up for it
    if output_unknown(plan, rows):
        low[-1], high[-1] = math.nan, math.nan
    if first is not None:
        low[first - 1:], high[first - 1:] = math.nan, math.nan
    return low, high, decided


def _band(plan: Plan, rows: Chain, at: Averages, lost: Silent) -> tuple[Array, Array, int | None]:
    if plan.unit:
        low, high = left_by_lsuv(plan, rows, at, lost)
        return np.array(rows.q) * np.exp(low - FLOOR), np.array(rows.q) * np.exp(high + FLOOR), None
    found = _spreads(plan, rows, at, lost)
    beyond, decided, shift = np.maximum.accumulate(np.abs(found.away) > BEYOND), None, found.shift
    more, lower, higher = of_uniform_biases(plan, rows)
    found.own[-1] += more
    low, high = quantiles(found.inherited + _unsure(found, plan, rows) ** 2, found.own, found.third, found.constant, found.beside)
    low[-1], high[-1] = low[-1] + lower, high[-1] + higher
    hangs = (np.abs(shift) > high - low) & (np.abs(found.away) > UNSURE * np.abs(shift)) & ~beyond
    if plan.config.data.name == "gaussian" or not unbound(plan, rows):  # two moments tell noise's law, drawn or not
        hangs[:] = False
    elif hangs.any() and rows.fields.third is not None and plan.kernel == 1:
        hangs &= ~(_by_law(plan, rows, found) < BY_LAW * (high - low))
    if hangs.any():
        decided = int(hangs.argmax()) + 1
        beyond[decided - 1:] = True
    q = np.where(beyond, math.nan, rows.q) * np.exp(shift)
    return q * np.exp(low - FLOOR), q * np.exp(high + FLOOR), decided


def _unsure(found: Spreads, plan: Plan, rows: Chain) -> Array:
    """The deviation of what is not known of the shift (depth + 1,). Of a flat law's part that is the next order, by its kurtosis 1 / N of
    the first with N orthogonal units (whose `flatness` is 2 / N). Where the parts cancel, UNSURE of what is left was enough."""
    share = min(float(flatness(plan, rows).max()) / 2.0, UNSURE)
    result: Array = np.minimum(UNSURE * np.abs(found.shift), np.hypot(UNSURE * (found.shift - found.flat), share * found.flat))
    return result


def _by_law(plan: Plan, rows: Chain, found: Spreads) -> Array:
    """By how much the shift is another one (depth + 1,) if the inputs have two lengths only, with the same three moments."""
    result: Array = np.abs(by_lengths(plan, rows, *found.passed, FEWEST)[2] - by_lengths(plan, rows, *found.passed)[2])
    return result


@dataclass(slots=True)
class Spreads:
    """Of each row's mean square over the batch (depth + 1,), as variances and shifts of its logarithm.

    inherited: the variance that comes from the rows before        own: the variance that the row's own weights and biases draw
    third:     the third cumulant of what is inherited
    constant:  the share of the mean square that the row's own draw hardly changes      beside: its relative deviation (beside_one)
    shift:     by how much the middle lies above q                 away: the same without what comes from the input's lengths
    flat:      the part of the shift that comes from weights and biases whose law is flatter than a Gaussian one
    passed:    what the rows pass on, what they draw, and how much the inputs differ in length
    """

    inherited: Array
    third: Array
    own: Array
    constant: Array
    beside: Array
    shift: Array
    away: Array
    flat: Array
    passed: tuple[Steps, Noise, float]


def _spreads(plan: Plan, rows: Chain, at: Averages, lost: Silent) -> Spreads:
    """How far the measured mean square of each row strays from q."""
    smoothed = smoothing(plan)
    pairs, taps, lift = cosines(plan, rows, at, smoothed)
    steps, start = steps_of(plan, rows, at, smoothed), apart_at_first(plan, rows, smoothed)
    noise = noise_of(plan, rows, at, pairs.hidden(), taps.hidden())
    batch, single, shift, away = followed(plan, steps, noise, start)
    third = np.zeros(plan.depth + 1)
    longer = np.array([of_itself(apart, plan.batch * plan.pixels) for apart in (single - batch).tolist()])
    if unbound(plan, rows):
        if (single - batch).max() > CLOSE and not plan.residual:
            noise = noise_of(plan, rows, of_longer(plan, rows, at, single), pairs.hidden(), taps.hidden())
        if plan.residual:
            noise = beside_skips(plan, rows, at, pairs.hidden(), taps.hidden(), steps.carried, noise)
        batch, single, shift, away, third, longer = by_lengths(plan, rows, steps, noise, start)
    itself, shift[-1] = _longer_ones(plan, rows, at, pairs, steps, start, longer, float(shift[-1]))
    units, loose = np.append(np.full(plan.depth, plan.width), plan.config.classes), plan.each("loose")
    beside = (1.0 - loose) * beside_orthogonal(plan, rows, by_length(plan, rows, pairs))
    own = (2.0 * loose * (drawn(plan, rows, pairs) + itself) + beside) / units
    found = Spreads(batch, third, own, *beside_one(pairs.counting(itself), own), shift, away, of_flat_laws(steps), (steps, noise, start))
    if plan.pre != "none":
        _hold_fast(found, plan, rows, single + (2.0 * loose + beside) / units)
    if plan.post == "batch":
        _silence(found, plan, rows, lost)
    raised = raised_by(plan, lift)
    if plan.pixels > 1 and not of_real_images(plan):
        mean, square = _pool(found, plan, rows, at, raised, noise, steps)
        read = pairs.reading(mean, square)
        found.own[-1] = (2.0 * loose[-1] * drawn(plan, rows, read)[-1] + beside[-1]) / units[-1]
        found.constant[-1], found.beside[-1] = (each[-1] for each in beside_one(read, found.own))
    found.shift[-1] += math.log1p(raised * (1.0 - float(constant(plan, rows)[-1])))
    return found


def _longer_ones(plan: Plan, rows: Chain, at: Averages, pairs: Cosines, steps: Steps, start: float, longer: Array, shift: float,
                 ) -> tuple[Array, float]:
    """(by how much the mean of c^2 is larger as the inputs differ in length (depth + 1,), the output row's shift with what that adds to
    it). longer: the former, but for what a batch normalization has to do with it."""
    itself = longer.copy()
    if plan.pre == "batch" and plan.pixels == 1 and not plan.residual:
        differ = behind_batch(plan, at, steps.kept, start)
        itself[-1] += differ * float(at.even[-1] / (2.0 * at.square[-1])) ** 2 / (plan.batch * plan.pixels)
        shift += of_kurtosis(at, differ, float(pairs.square[-2])) * float(shares(plan, rows)[-1])
    if plan.post == "batch" and plan.pixels == 1 and not plan.residual:
        itself[1:] = behind_batch_of_phi(plan, at, pairs.square, start)[1:] / plan.batch
    return itself, shift


def _hold_fast(found: Spreads, plan: Plan, rows: Chain, single: Array) -> None:
    """A normalization before phi leaves eps's share of each hidden row's deviations, and makes the middle lower, as v / (v + eps) is bent
    downwards. single: the variance of ln v of one example (depth + 1,)."""
    share = through_normalization(plan, rows)
    found.inherited[:-1], found.own[:-1] = share**2 * (found.inherited + found.own)[:-1], 0.0
    found.shift[:-1], found.flat[:-1] = -share * (1.0 - share) * single[:-1], 0.0


def _silence(found: Spreads, plan: Plan, rows: Chain, lost: Silent) -> None:
    """Units that a batch normalization behind phi leaves without a signal are missing in the next row."""
    found.shift[1:] += np.log1p(-lost.least * shares(plan, rows))
    found.inherited[1:] += lost.spread / plan.width * shares(plan, rows) ** 2


def _pool(found: Spreads, plan: Plan, rows: Chain, at: Averages, raised: float, noise: Noise, steps: Steps) -> tuple[float, float]:
    """What the output row of noise images inherits, as it reads the mean over the pixels; returns the mean of c and of c^2 of what it
    reads. raised: by how much chance raises that mean's square (`raised_by`)."""
    pooled, mean, square, taken = of_pooled(plan, rows, at, raised)
    found.shift[-1], found.third[-1] = found.shift[-1] + taken, 0.0
    if (at.mean**2 <= ODD * at.square).all():
        found.inherited[-1] = pooled
    elif plan.norm == "none" and not plan.residual:
        found.inherited[-1] = with_shared(plan, rows, noise.batch, steps.carried) * float(shares(plan, rows)[-1]) ** 2
    elif plan.norm == "rms" and not plan.residual:
        found.inherited[-1] = with_shared_beside_rms(plan, rows, at) * float(shares(plan, rows)[-1]) ** 2
    else:
        found.inherited[-1] += pooled  # what all pixels share goes with q
    return mean, square
