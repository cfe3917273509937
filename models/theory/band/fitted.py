"""The band where LSUV fits the weights to the batch: how far from 1 the fit leaves a row's mean square.

LSUV divides each layer's weights by the standard deviation of its output over the batch, until the variance is 1 within a tolerance.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from models.theory.band.cosines import Cosines, by_length, cosines, smoothing
from models.theory.band.draws import beside_orthogonal, drawn
from models.theory.band.noise import noise_of
from models.theory.band.quantiles import DEVIATIONS, ENDS, FLOOR, student
from models.theory.chain import Chain
from models.theory.gaussian import Averages
from models.theory.layers import Plan
from models.theory.nonlinearity import Array


def left_by_lsuv(plan: Plan, rows: Chain, at: Averages) -> tuple[Array, Array]:
    """(low, high) of every row, as logarithms relative to q (depth + 1,).

    Two things remain. The variance is anywhere within the tolerance (_within_tolerance). And the fit sets the variance around the mean over
    all units and the batch, not the mean itself: that is the biases' mean plus a random m of variance c / N, c the mean cosine over the
    batch. m^2 over the variance, which the fit makes 1, has the law of a squared Student's t; a normalization takes m away. Drawn biases
    count as well: what they add to the variance the fit takes from the weights, and only these are multiplied by the gain.
    """
    gain, shift = float(plan.config.init.params["gain"]), plan.hidden.shift
    units = np.append(np.full(plan.depth, plan.width), plan.config.classes)
    smoothed = smoothing(plan)
    pairs, taps, _ = cosines(plan, rows, at, smoothed)
    mean = by_length(plan, rows, pairs)
    m = np.where(np.isfinite(mean), mean, 1.0) / units
    if plan.pre != "none":
        m[:-1] = 0.0
    crossed = 2.0 * abs(shift) * np.sqrt(m / np.array(rows.q))
    loose = DEVIATIONS * (crossed + _of_drawn_biases(plan, gain, m, units) / np.array(rows.q))
    freedom = np.maximum(1.0 / np.maximum(m, 1e-12) - 1.0, 1.0)
    values = units * plan.batch * np.append(np.full(plan.depth, plan.pixels), 1)
    around, deviation = _as_drawn(plan, rows, at, pairs, taps)
    least, most = _left_beside_biases(plan, around, m, units)
    low, high = ends(around, deviation, 1.0 - plan.each("loose"), freedom, float(plan.config.init.params["tolerance"]))
    return low + least + np.log1p(-np.minimum(loose + 1.0 / values, 1.0 - 1e-9)), high + most + np.log1p(loose)


def _of_drawn_biases(plan: Plan, gain: float, m: Array, units: Array) -> Array:
    """The standard deviation of a row's mean square that drawn biases cause, of variance b, and their product x with the weighted sums. The
    fit makes w + b + 2 x one, and the gain multiplies the weights alone: gain^2 w + b + 2 gain x. x has the variance b (m - b / N), for the
    weighted sums' share of m, which b has as well."""
    biases = plan.each("bias")
    products = biases * np.maximum(m - biases / units, 0.0)
    result: Array = np.sqrt((gain**2 - 1.0) ** 2 * biases**2 * 2.0 / units + 4.0 * (gain**2 - gain) ** 2 * products)
    return result


def _left_beside_biases(plan: Plan, around: Array, m: Array, units: Array) -> tuple[Array, Array]:
    """(low, high): how far from 1 a fit leaves the variance where biases are drawn. It divides the weights by the output's standard
    deviation (`around` is ln of the variance before), but not the biases. What is left beyond the tolerance is fitted again."""
    biases, scale = plan.each("bias"), np.exp(-around)
    middle = biases * (1.0 - scale)
    apart = 2.0 * DEVIATIONS * np.abs(np.sqrt(scale) - scale) * np.sqrt(biases * np.maximum(m - biases / units, 0.0))
    tolerance = float(plan.config.init.params["tolerance"])
    return np.maximum(np.minimum(middle - apart, 0.0), -tolerance), np.minimum(np.maximum(middle + apart, 0.0), tolerance)


def _as_drawn(plan: Plan, rows: Chain, at: Averages, pairs: Cosines, taps: Cosines) -> tuple[Array, Array]:
    """Mean and deviation of ln of the variance that a row has before the fit: what the weights make of what arrives, orthogonal ones, which
    as such draw little. What a tolerance has left of the row before counts as nothing: it is far less than what units draw."""
    gain, loose, free = float(plan.config.init.params["gain"]), plan.each("loose"), replace(plan, unit=False)
    units = np.append(np.full(plan.depth, plan.width), plan.config.classes)
    own = (2.0 * loose * drawn(free, rows, pairs) + (1.0 - loose) * beside_orthogonal(free, rows, by_length(free, rows, pairs))) / units
    variance = own + np.append(0.0, noise_of(free, rows, at, pairs.hidden(), taps.hidden()).batch)
    biases = plan.each("bias")
    arrives = gain**2 * (1.0 - biases) / np.array(rows.sigma_w2)
    return np.log(plan.each("forward") / gain**2 * arrives + biases), np.sqrt(np.maximum(variance, FLOOR**2))


DRAWN, MEANS = 24, 32
"""Nodes of the law of the variance as drawn, and of the mean over all units: closer together where the ends are."""


@lru_cache(maxsize=1)
def _cells() -> tuple[Array, Array, Array]:
    """Normal quantiles of the variance's nodes, and of the mean's (of |z|); and the weight of each pair of them, flattened."""
    normal, both = NormalDist(), (1.0 - np.cos(np.pi * np.arange(DRAWN + 1) / DRAWN)) / 2.0
    upper = 1.0 - (1.0 - np.arange(MEANS + 1) / MEANS) ** 3
    drawn_at = [normal.inv_cdf(share) for share in ((both[1:] + both[:-1]) / 2.0).tolist()]
    mean_at = [normal.inv_cdf((1.0 + share) / 2.0) for share in ((upper[1:] + upper[:-1]) / 2.0).tolist()]
    return np.array(drawn_at), np.array(mean_at), np.multiply.outer(np.diff(both), np.diff(upper)).ravel()


def ends(around: Array, deviation: Array, still: Array, freedom: Array, tolerance: float) -> tuple[Array, Array]:
    """Between which logarithms LEVEL of the mean squares lie, row by row: of the variance v as drawn where that is within the tolerance of
    1, else of 1, times 1 + t^2 / freedom, the mean's part. `still`: the share of weights that keep the mean square, of which v is then what
    the mean leaves: where that is within the tolerance the mean square stays as it was."""
    drawn_at, mean_at, weights = _cells()
    mean = np.log1p(student(freedom[:, None], mean_at) ** 2 / freedom[:, None])[:, None]
    v = (np.where(np.isfinite(around), around, 0.0)[:, None] + deviation[:, None] * drawn_at)[:, :, None] - still[:, None, None] * mean
    narrow, wide = math.log1p(-tolerance) if tolerance < 1.0 else -math.inf, math.log1p(tolerance)
    found = (np.where((v >= narrow) & (v <= wide), v, 0.0) + mean).reshape(len(around), -1)
    order = found.argsort(axis=1)
    shares = weights[order].cumsum(axis=1)
    low, high = (np.take_along_axis(found, np.take_along_axis(order, (shares >= share).argmax(axis=1)[:, None], 1), 1)[:, 0]
                 for share in ENDS)
    return low, high
