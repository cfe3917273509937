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
from models.theory.band.steps import through_normalization
from models.theory.chain import Chain
from models.theory.gaussian import Averages, hermite
from models.theory.layers import Plan
from models.theory.nonlinearity import Array


def left_by_lsuv(plan: Plan, rows: Chain, at: Averages) -> tuple[Array, Array]:
    """(low, high) of every row, as logarithms relative to q (depth + 1,).

    The variance is anywhere within the tolerance. And the fit sets the variance around the mean over all units and the batch, not the mean
    itself: that is the biases' mean plus a random one. Drawn biases count as well: the fit does not scale them, nor does the gain. Of all
    that, a normalization before phi takes the mean away, and leaves eps's share of the rest.
    """
    units = np.append(np.full(plan.depth, plan.width), plan.config.classes)
    pairs, taps, _ = cosines(plan, rows, at, smoothing(plan))
    m, freedom = _mean_square(pairs, by_length(plan, rows, pairs), units)
    mean, (around, deviation) = of_mean(m, freedom), _as_drawn(plan, rows, at, pairs, taps)
    if plan.each("bias").any():
        found = _left_beside_biases(plan, rows, around, deviation, m, units)[:, :, None] + mean
    else:
        found = left_alone(around, deviation, 1.0 - plan.each("loose"), mean, float(plan.config.init.params["tolerance"]))
    low, high = ends(found)
    values, left = units * plan.batch * np.append(np.full(plan.depth, plan.pixels), 1), np.append(through_normalization(plan, rows), 1.0)
    loose = DEVIATIONS * 2.0 * abs(plan.hidden.shift) * np.sqrt(m / np.array(rows.q))
    return left * (low + np.log1p(-np.minimum(loose + 1.0 / values, 1.0 - 1e-9))), left * (high + np.log1p(loose))


def _mean_square(pairs: Cosines, mean: Array, units: Array) -> tuple[Array, Array]:
    """(m, freedom): the square of the mean over all units and the batch is m z^2, z normal, m the mean cosine over N. The variance around
    it is 1 - m on average, and varies by 2 (C / N - m^2), C the mean of c^2, as a chi square with so many degrees of freedom does. Where
    all inputs are one, these are N - 1."""
    known = np.isfinite(mean) & np.isfinite(pairs.square)
    m = np.minimum(np.where(known, mean, 1.0) / units, MOST)
    square = np.maximum(np.where(known, pairs.square, 1.0), (units * m) ** 2)
    return m, np.maximum((1.0 - m) ** 2 / np.maximum(square / units - m**2, 1e-12), 1.0)


def of_mean(m: Array, freedom: Array) -> Array:
    """ln of 1 + the square of the mean over the variance around it, which has the law of a squared Student's t (rows, 1, MEANS)."""
    result: Array = np.log1p(student(freedom[:, None], _mean_at()[0]) ** 2 * (m / (1.0 - m))[:, None])[:, None]
    return result


def left_alone(around: Array, deviation: Array, still: Array, mean: Array, tolerance: float) -> Array:
    """Logarithms of the mean square without drawn biases (rows, DRAWN, MEANS): the variance v as drawn where that is within the tolerance
    of 1, else 1, times the mean's part. `still`: the share of weights that keep the mean square, of which v is then what the mean leaves:
    where that is within the tolerance the mean square stays as it was."""
    v = np.where(np.isfinite(around), around, 0.0)[:, None] + deviation[:, None] * _drawn_at()[0]
    v = v[:, :, None] - still[:, None, None] * mean
    narrow, wide = math.log1p(-tolerance) if tolerance < 1.0 else -math.inf, math.log1p(tolerance)
    return np.where((v >= narrow) & (v <= wide), v, 0.0) + mean


def _left_beside_biases(plan: Plan, rows: Chain, around: Array, deviation: Array, m: Array, units: Array) -> Array:
    """Logarithms of the variance over q where biases of variance b are drawn (rows, DRAWN): v as the fit leaves it, with the gain, which
    multiplies the weights alone: gain^2 w + b + 2 gain x, w being the weighted sums' variance and x their product with the biases. b varies
    by itself, too. x has the variance b (m - b / N), for the weighted sums' share of m, which b has as well."""
    params, biases, (z, weights) = plan.config.init.params, plan.each("bias"), hermite(LEFT)
    gain, b = float(params["gain"]), biases[:, None, None]
    drawn = np.exp(around[:, None, None] + deviation[:, None, None] * z[:, None])
    v, x = _steps(drawn, b, np.sqrt(biases * np.maximum(m - biases / units, 0.0))[:, None, None] * z, float(params["tolerance"]))
    own = (1.0 - gain**2) * biases * np.sqrt(2.0 * (1.0 - plan.each("even_bias")) / units)
    crossed = 2.0 * (gain - gain**2) * x
    made = gain**2 * v + (1.0 - gain**2) * b + np.copysign(np.hypot(crossed, own[:, None, None] * z), (gain - gain**2) * z)
    logs = np.log(np.maximum(made / np.array(rows.q)[:, None, None], LEAST))
    return _quantiles(logs.reshape(len(logs), -1), np.multiply.outer(weights, weights).ravel())


def _steps(v: Array, b: Array, x: Array, tolerance: float) -> tuple[Array, Array]:
    """(v, x) after the fit, which divides the weights by sqrt(v), but not the biases: v = w + b + 2 x becomes
    1 + b (1 - 1 / v) + 2 x (1 / sqrt(v) - 1 / v), until it is within the tolerance. The argument x is for the weights of a fitted row."""
    x = x * np.sqrt(np.maximum(v - b, 0.0) / np.maximum(1.0 - b, LEAST))
    for _ in range(FITS):
        off, root = np.abs(v - 1.0) > tolerance, np.sqrt(v)
        v, x = np.where(off, np.maximum(1.0 + b * (1.0 - 1.0 / v) + 2.0 * x * (1.0 / root - 1.0 / v), LEAST), v), np.where(off, x / root, x)
    return np.clip(v, 1.0 - tolerance, 1.0 + tolerance), x


def _quantiles(values: Array, weights: Array) -> Array:
    """Of each row's law, those in the middle of DRAWN's cells."""
    order = values.argsort(axis=1)
    shares = weights[order].cumsum(axis=1) - weights[order] / 2.0
    return np.array([np.interp(_drawn_at()[2], *row) for row in zip(shares, np.take_along_axis(values, order, 1), strict=True)])


MOST, LEAST = 0.5, 0.01
"""The largest m, that of two units and one input; the smallest v that a step of the fit leaves."""

LEFT, FITS = 12, 6
"""Nodes of the variance as drawn, and of x; steps of the fit that are followed."""


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
def _drawn_at() -> tuple[Array, Array, Array]:
    """(normal quantiles in the middle of the variance's cells, the cells' weights, the shares below the middles): closer together where the
    ends are."""
    both = (1.0 - np.cos(np.pi * np.arange(DRAWN + 1) / DRAWN)) / 2.0
    middles = (both[1:] + both[:-1]) / 2.0
    return np.array([NormalDist().inv_cdf(share) for share in middles.tolist()]), np.diff(both), middles


@lru_cache(maxsize=1)
def _mean_at() -> tuple[Array, Array]:
    """(normal quantiles of |z| in the middle of the mean's cells, the cells' weights)."""
    upper = 1.0 - (1.0 - np.arange(MEANS + 1) / MEANS) ** 3
    return np.array([NormalDist().inv_cdf((1.0 + share) / 2.0) for share in ((upper[1:] + upper[:-1]) / 2.0).tolist()]), np.diff(upper)


def ends(found: Array) -> tuple[Array, Array]:
    """Between which of these logarithms LEVEL lie, row by row; found: one for each pair of cells (rows, DRAWN, MEANS)."""
    flat, weights = found.reshape(len(found), -1), np.multiply.outer(_drawn_at()[1], _mean_at()[1]).ravel()
    order = flat.argsort(axis=1)
    shares = weights[order].cumsum(axis=1)
    places = (np.take_along_axis(order, (shares >= share).argmax(axis=1)[:, None], 1) for share in ENDS)
    low, high = (np.take_along_axis(flat, place, 1)[:, 0] for place in places)
    return low, high
