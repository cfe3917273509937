"""The band where LSUV fits the weights to the batch: how far from 1 the fit leaves a row's mean square.

LSUV divides each layer's weights by the standard deviation of its output over the batch, until the variance is 1 within a tolerance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from models.theory.band.branches import parts
from models.theory.band.cosines import Cosines, beside_mean, by_length, constant, cosines, shared_by_pairs, smoothing
from models.theory.band.draws import beside_orthogonal, drawn
from models.theory.band.edges import at_edges
from models.theory.band.lengths import MOST_APART, apart_at_first, by_lengths, unbound
from models.theory.band.noise import noise_of, shares
from models.theory.band.quantiles import ENDS, FLOOR, student
from models.theory.band.sample import longer
from models.theory.band.silent import Silent
from models.theory.band.steps import steps_of, through_normalization
from models.theory.chain import AROUND_MEAN, Chain
from models.theory.gaussian import Averages, hermite
from models.theory.layers import Plan
from models.theory.nonlinearity import Array


def left_by_lsuv(plan: Plan, rows: Chain, at: Averages, lost: Silent) -> tuple[Array, Array]:
    """(low, high) of every row, as logarithms relative to q (depth + 1,).

    The variance is anywhere within the tolerance. And the fit sets the variance around the mean over all units and the batch, not the mean
    itself: that is the biases' mean plus a random one. Drawn biases count as well: the fit does not scale them, nor does the gain. Of all
    that, a normalization before phi takes the mean away, and leaves eps's share of the rest.
    """
    units, smoothed = np.append(np.full(plan.depth, plan.width), plan.config.classes), smoothing(plan)
    pairs, taps, lift = cosines(plan, rows, at, smoothed)
    along = _along_mean(plan, rows, at, replace(pairs, mean=at_edges(plan, rows, pairs, lift)), taps, smoothed)
    m = along.shared / units
    mean, (around, deviation) = of_mean(along, units), _as_drawn(plan, rows, at, pairs, taps, lost)
    if plan.each("bias").any():
        found = _left_beside_biases(plan, rows, around, deviation, m, units)[:, :, None] + mean
        shares = _drawn_at()[1][None, :, None]
    else:
        found, shares = left_alone(around, deviation, 1.0 - plan.each("loose"), mean, float(plan.config.init.params["tolerance"]))
    still = constant(plan, rows)[:, None, None]
    low, high = ends(_beside_constant(found, mean, still) if still.any() else found, shares)
    values, left = units * plan.batch * np.append(np.full(plan.depth, plan.pixels), 1), np.append(through_normalization(plan, rows), 1.0)
    return left * (low + np.log1p(-np.minimum(1.0 / values, 1.0 - 1e-9))), left * high


def _beside_constant(found: Array, mean: Array, still: Array) -> Array:
    """Logarithms of the mean square over q beside a constant bias b, where `found` are those of v + d^2 over what b leaves of q and `mean`
    those of 1 + d^2 / v: d is the random mean, of either sign, and the mean square v + (b + d)^2 (rows, DRAWN, 2 MEANS). still: b^2 / q"""
    square = np.exp(found)
    crossed = 2.0 * np.sqrt(still * (1.0 - still) * np.maximum(square - np.exp(found - mean), 0.0))
    around = still + (1.0 - still) * square
    result: Array = np.log(np.maximum(np.concatenate([around - crossed, around + crossed], axis=2), LEAST))
    return result


@dataclass(frozen=True, slots=True)
class AlongMean:
    """Of the mean square of a batch, which share lies along its mean over the examples, row by row (each (depth + 1,)).

    shared: the mean's own square, which all examples have      around: what the examples differ by along it
    square: mean of c^2, in which each input counts by its length
    """

    shared: Array
    around: Array
    square: Array


def _along_mean(plan: Plan, rows: Chain, at: Averages, pairs: Cosines, taps: Cosines, smoothed: Array) -> AlongMean:
    """If the inputs have the mean cosine c and the lengths l, their mean's square is c E[l]^2, and c Var(l) lies along it. Of the first row
    both were measured. By how much the mean's square is another one, as cosines go with lengths, phi's linear part hands on, and the less
    the more alike phi makes the lengths; what lies along the mean, too, as far as the next row's mean is that linear part's."""
    inputs = plan.batch * plan.pixels
    known = np.isfinite(pairs.mean) & np.isfinite(pairs.square)
    steps, apart = steps_of(plan, rows, at, smoothed), _lengths_apart(plan, rows, at, pairs, taps, smoothed)
    passed, kept = (np.cumprod(np.append(1.0, factors)) for factors in (_linear(plan, rows, at), np.abs(steps.carried)))
    even = np.array([math.exp(-longer(each / 4.0, inputs)) for each in apart.tolist()])
    counted = pairs.mean - (pairs.mean[0] - shared_by_pairs(plan, rows)[0]) * passed  # each pair for one
    different = np.where(known, counted, 1.0) - 1.0 / inputs
    shared, measured = 1.0 / inputs + even * different, by_length(plan, rows, pairs)[0]
    shared = np.clip(shared + (measured - shared[0]) * passed * kept, 0.0, 1.0)
    square = np.minimum(np.where(known, pairs.square, 1.0) + np.expm1(apart) / inputs, 1.0)
    turned = np.minimum(np.divide(shared[0] * passed, shared, where=shared > 0.0, out=np.zeros_like(shared)), 1.0)
    around = np.maximum(beside_mean(rows.fields) * passed * turned, np.append(0.0, ((1.0 - even) * different)[1:]))
    return AlongMean(shared, np.minimum(around, 1.0 - shared), np.maximum(square, shared**2))


def _linear(plan: Plan, rows: Chain, at: Averages) -> Array:
    """The share of the next row's mean square that a linear phi with the slope E[phi'] makes, and what a skip brings along (depth,). What a
    normalization takes away is not handed on."""
    q, part = np.array(rows.q[:-1]) - plan.nl.centres[0] ** 2, parts(plan, rows, at)
    straight = np.divide(q * at.slope**2 * plan.keep, at.square, where=at.square > 0.0, out=np.zeros(plan.depth))
    return (1.0 - part * (1.0 - straight * (plan.norm not in AROUND_MEAN))) * shares(plan, rows)


def _lengths_apart(plan: Plan, rows: Chain, at: Averages, pairs: Cosines, taps: Cosines, smoothed: Array) -> Array:
    """How much examples differ in length, as the variance of ln q (depth + 1,); nothing where a normalization rules them."""
    if not unbound(plan, rows):
        return np.zeros(plan.depth + 1)
    steps, noise = steps_of(plan, rows, at, smoothed), noise_of(plan, rows, at, pairs.hidden(), taps.hidden())
    _, single, *_ = by_lengths(plan, rows, steps, noise, apart_at_first(plan, rows, smoothed))
    return np.minimum(np.where(np.isfinite(single), single, MOST_APART), MOST_APART)


def of_mean(along: AlongMean, units: Array) -> Array:
    """ln of 1 + the square of the mean over all units and the batch over the variance around it (rows, 1, MEANS).

    With z and y_2, ..., y_N normal, the mean of N units has the square c z^2 / N, where c is the share `shared`. Around it lies what units
    differ in it, c y^2 / N; what they have along it by the examples' lengths, w (z^2 + y^2) / N; and the rest, whose share varies as a chi
    square with as many degrees of freedom as its mean of c^2 says. Where a normal variable over the root of a mean of squares has Student's
    quantile t instead of z, that mean of squares is z^2 / t^2.
    """
    z, n = _mean_at()[0], units[:, None]
    c, w = along.shared[:, None], along.around[:, None]
    rest = np.maximum(1.0 - c - w, 0.0)
    uneven = np.maximum(along.square[:, None] - (c + w)**2, 1e-12)
    between = (n - 1.0) * (z / student(np.maximum(n - 1.0, 1.0), z))**2
    around = c * between + w * (z**2 + between) + rest * n * (z / student(np.maximum(n * rest**2 / uneven, 1.0), z))**2
    result: Array = np.log1p(c * z**2 / np.maximum(around, FLOOR**2 * z**2))[:, None]
    return result


def left_alone(around: Array, deviation: Array, still: Array, mean: Array, tolerance: float) -> tuple[Array, Array]:
    """(logarithms of the mean square without drawn biases, their shares of the seeds), each (rows, DRAWN, MEANS): the variance v as drawn
    where that is within the tolerance of 1, by the density in equal cells of it, else 1, which is the last of DRAWN; times the mean's part.
    `still`: the share of weights that keep the mean square, of which v is then what the mean leaves: where that is within the tolerance the
    mean square stays as it was."""
    middle, scale = np.where(np.isfinite(around), around, 0.0)[:, None, None] - still[:, None, None] * mean, deviation[:, None, None]
    narrow, wide = math.log1p(-tolerance) if tolerance < 1.0 else -math.inf, math.log1p(tolerance)
    low = np.maximum(middle - FARTHEST * scale, narrow)
    cell = np.maximum(np.minimum(middle + FARTHEST * scale, wide) - low, 0.0) / (DRAWN - 1)
    v = low + cell * (np.arange(DRAWN - 1) + 0.5)[:, None]
    within = np.exp(-(((v - middle) / scale) ** 2) / 2.0) * (cell / scale / math.sqrt(2.0 * math.pi))
    rest = np.maximum(1.0 - within.sum(axis=1, keepdims=True), 0.0)
    return np.concatenate([v, np.zeros_like(rest)], axis=1) + mean, np.concatenate([within, rest], axis=1)


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


LEAST = 0.01
"""The smallest v that a step of the fit leaves."""

LEFT, FITS = 12, 6
"""Nodes of the variance as drawn, and of x; steps of the fit that are followed."""


def _as_drawn(plan: Plan, rows: Chain, at: Averages, pairs: Cosines, taps: Cosines, lost: Silent) -> tuple[Array, Array]:
    """Mean and deviation of ln of the variance that a row has before the fit: what the weights make of what arrives, orthogonal ones, which
    as such draw little. What a tolerance has left of the row before counts as nothing: it is far less than what units draw."""
    gain, loose, part = float(plan.config.init.params["gain"]), plan.each("loose"), shares(plan, rows)
    units = np.append(np.full(plan.depth, plan.width), plan.config.classes)
    own = (2.0 * loose * drawn(plan, rows, pairs) + (1.0 - loose) * beside_orthogonal(plan, rows, by_length(plan, rows, pairs))) / units
    found = noise_of(plan, rows, at, pairs.hidden(), taps.hidden()).batch + lost.spread / plan.width * part**2
    variance = own + np.append(0.0, found)
    biases = plan.each("bias")
    arrives = gain**2 * (1.0 - biases) / np.array(rows.sigma_w2)
    arrives[1:] *= 1.0 - lost.least * part
    return np.log(plan.each("forward") / gain**2 * arrives + biases) - variance / 2.0, np.sqrt(np.maximum(variance, FLOOR**2))


FARTHEST = 4.0
"""Deviations from the middle beyond which nothing is drawn."""

DRAWN, MEANS = 18, 32
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


def ends(found: Array, shares: Array) -> tuple[Array, Array]:
    """Between which of these logarithms LEVEL lie, row by row; found: one for each pair of cells, or several (rows, DRAWN, times MEANS).
    shares: of the seeds, for each of DRAWN (1 or rows, DRAWN, 1 or MEANS)"""
    times = found.shape[2] // MEANS
    weights = np.broadcast_to(np.tile(shares * _mean_at()[1], times) / times, found.shape).reshape(len(found), -1)
    flat = found.reshape(len(found), -1)
    order = flat.argsort(axis=1)
    below = np.take_along_axis(weights, order, 1).cumsum(axis=1)
    places = (np.take_along_axis(order, (below >= share).argmax(axis=1)[:, None], 1) for share in ENDS)
    low, high = (np.take_along_axis(flat, place, 1)[:, 0] for place in places)
    return low, high
