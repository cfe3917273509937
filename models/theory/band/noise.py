"""What each hidden layer's units and dropout masks add to the variance of the next row's mean square.

A layer's mean of phi^2 is taken over N units only, so it strays from E[phi^2]; the next row's mean square strays with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.theory.band.branches import parts
from models.theory.band.cosines import Cosines
from models.theory.band.draws import beside_orthogonal, uneven
from models.theory.band.known import OF_EXAMPLES
from models.theory.chain import Chain
from models.theory.gaussian import Averages
from models.theory.layers import Plan
from models.theory.nonlinearity import Array


@dataclass(frozen=True, slots=True)
class Noise:
    """What each hidden layer's units and masks add to the variance of ln q in the next row (depth,).

    batch:  of the mean square over the batch       single: of one example's, or one pixel's
    alone:  of the batch's, if all its examples were the same one, each with masks of its own
    """

    batch: Array
    single: Array
    alone: Array


def noise_of(plan: Plan, rows: Chain, at: Averages, batch: Cosines, taps: Cosines) -> Noise:
    """What each layer's units add: by phi^2, where no normalization behind it holds that fast, by phi's product with a skip's input, and by
    dropout's masks. batch, taps: the cosines of the batch, and of one kernel's taps."""
    part = parts(plan, rows, at) if plan.post == "none" else np.zeros(plan.depth)
    crossed, masks, ones = np.zeros(plan.depth), _masks(plan, rows, at), np.ones(plan.depth)
    if plan.residual:
        crossed[1:] = _crossed(plan, rows, at)

    def made(pairs: Cosines, itself: float) -> Array:
        found = part**2 * sampling(plan, rows, at, pairs, itself) + crossed * pairs.square + masks * itself
        return measurable(plan, rows, at, shares(plan, rows) ** 2 * found / plan.width)

    return Noise(made(batch, 1.0 / (plan.batch * plan.pixels)), made(taps, 1.0 / plan.taps), made(Cosines(ones, ones, ones, ones), 1.0))


def shares(plan: Plan, rows: Chain) -> Array:
    """The share of the next row's q that comes from what each hidden row hands on, the rest being the biases' (depth,)."""
    made, q = np.array(rows.sigma_w2[1:]) * np.append(rows.p[:-2], rows.pooled), np.array(rows.q[1:])
    if plan.pre != "none":  # before it
        q[:-1] = np.maximum(rows.v[1:-1], made[:-1])
    result: Array = made / q
    return result


def measurable(plan: Plan, rows: Chain, at: Averages, values: Array) -> Array:
    """The values where they and the mean squares that they are relative to are finite and not 0, else 0 (depth,)."""
    after = np.array(rows.q[1:])
    known = (at.square > 0) & (after > 0) & np.isfinite((after * at.square) ** 2)
    return np.where(known & np.isfinite(values), values, 0.0)


def _masks(plan: Plan, rows: Chain, at: Averages) -> Array:
    """The variance, over p^2, that dropout's masks m give (x + a m / keep)^2, x the skip's input and a the branch (depth,)."""
    mean, square, cube, fourth = handed_on(plan, at)
    p, before, middle = square / plan.keep, np.zeros(plan.depth), np.zeros(plan.depth)
    if plan.residual:
        p = np.array(rows.p[:-1])
        before[1:], middle[1:] = p[:-1], np.cumsum(mean)[:-1]
    found = (4.0 * before * square + 4.0 * middle * cube / plan.keep + fourth / plan.keep**2) / p**2
    result: Array = (1.0 / plan.keep - 1.0) * np.where(p > 0, found, 0.0)
    return result


def handed_on(plan: Plan, at: Averages) -> tuple[Array, Array, Array, Array]:
    """The first four moments, over units, of what phi and a normalization behind it hand on (each (depth,))."""
    if plan.post == "none":
        return at.mean, at.square, at.cube, at.fourth
    if plan.post == "rms":
        return at.mean / at.square**0.5, np.ones(plan.depth), at.cube / at.square**1.5, at.fourth / at.square**2
    m, variance = at.mean, at.square - at.mean**2
    cube = at.cube - 3.0 * m * at.square + 2.0 * m**3
    fourth = at.fourth - 4.0 * m * at.cube + 6.0 * m**2 * at.square - 3.0 * m**4
    return 0.0 * m, np.ones(plan.depth), cube / variance**1.5, fourth / variance**2


def _crossed(plan: Plan, rows: Chain, at: Averages) -> Array:
    """The variance of the product 2 x a in (x + a)^2, x a skip's input and a the branch: 4 p Var(a), over the sum's square (depth - 1,).

    Of that, what the skip's own mean M over the units reads of the branch's mean varies less beside a normalization over the units: behind
    phi RMS's leaves what sum(phi) / sqrt(sum(phi^2)) varies by, and before phi sums of h^2, but for RMS of h too, are held fast.
    """
    mean, square, p = at.mean[1:], at.square[1:], np.array(rows.p[:-1])
    before, after, held, shared = p[:-1], p[1:], 0.0 * mean, np.cumsum(at.mean)[:-1]
    spread = np.ones(plan.depth - 1) if plan.post != "none" else np.maximum(square - mean**2, 0.0)
    if plan.post == "rms":
        spread = np.maximum(1.0 - mean**2 / square, 0.0)
        held = mean / square * (at.cube[1:] - mean * square) / square - (mean / square) ** 2 * (at.fourth[1:] / square - square) / 4.0
        shared = np.cumsum(at.mean / np.sqrt(at.square))[:-1]
    elif plan.pre in OF_EXAMPLES:
        held = at.arched[1:] ** 2 / 2.0 + (0.0 if plan.pre == "rms" else np.array(rows.q[1:-1]) * at.slope[1:] ** 2)
    result: Array = 4.0 * (before * spread - np.minimum(shared**2, before) * np.minimum(held, spread)) / after**2
    return result


def sampling(plan: Plan, rows: Chain, at: Averages, pairs: Cosines, itself: float) -> Array:
    """Mean over pairs of inputs of Cov(phi_a^2, phi_b^2) / E[phi^2]^2 (depth,). The share `itself` of the pairs are an input with itself.

    phi^2 is split by Hermite polynomials: its linear part goes with c, its quadratic one with c^2, the rest of its odd part with c^3, and
    the rest of its even part with c^4.
    """
    square = at.square
    total = at.fourth / square**2 - 1.0
    odd, even = (at.odd / square) ** 2, (at.even / square) ** 2 / 2
    rest_odd = np.maximum((at.fourth - at.opposed) / (2.0 * square**2) - odd, 0.0)
    rest_even = np.maximum(total - odd - even - rest_odd, 0.0)
    if plan.pre != "none":
        odd, even, total = (odd if plan.pre == "rms" else 0.0 * odd), 0.0 * even, total - even - (0.0 if plan.pre == "rms" else odd)
    loose = plan.each("loose")[:-1]
    even_drawn = (1.0 - loose) * 3.0 / (plan.width * (plan.width + 2.0))
    fourth = np.maximum(pairs.fourth - even_drawn, itself)
    lengths = loose * uneven(plan, rows, pairs) + (1.0 - loose) * beside_orthogonal(plan, rows, pairs.mean) / 2.0
    over_pairs = odd * pairs.mean + even * lengths + rest_odd * np.maximum(pairs.third, itself) + rest_even * fourth
    result: Array = np.maximum(over_pairs, (total - (1 - loose) * even) * itself)
    return result
