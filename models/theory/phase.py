"""The (sigma_w^2, sigma_b^2) plane of one activation: the critical line, and a grid of depth scales.

The phase is ordered where chi < 1 (gradients vanish, inputs become alike), chaotic where chi > 1 (gradients explode), and
critical between them. Poole et al. 2016 (1606.05340), Schoenholz et al. 2017 (1611.01232), Hayou et al. 2019 (1902.06853).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import pairwise
from typing import Literal

import numpy as np

from models.choices import Params
from models.theory.fixed_point import ROUNDING, SCAN, TRAINABLE_SCALES, Map, bracketed_zero, rest, scanned
from models.theory.gaussian import averages
from models.theory.nonlinearity import Array, Nonlinearity, nonlinearity
from models.theory.outline import Mask, outline

Phase = Literal["ordered", "critical", "chaotic"]

TOLERANCE = 1e-3
"""|chi - 1| below which a network is called critical: what the four digits of published values leave open."""


def phase_of(chi: float) -> Phase:
    return "critical" if abs(chi - 1.0) < TOLERANCE else "ordered" if chi < 1.0 else "chaotic"


def critical_sigma_w2(activation: str, params: Params, sigma_b2: float) -> float | None:
    """The sigma_w^2 at which this activation is critical for this sigma_b^2, or None where none is.

    chi = 1 at the fixed point: sigma_w^2 = 1 / E[phi'^2] at the q that solves q = E[phi^2] / E[phi'^2] + sigma_b^2. Of
    several solutions the first that a network reaches from q = 1 counts. ReLU's chi depends on no q: 2 / (1 + slope^2).
    """
    return _critical_sigma_w2(nonlinearity(activation, params), sigma_b2)


@lru_cache(maxsize=1024)
def _critical_sigma_w2(nl: Nonlinearity, sigma_b2: float) -> float | None:
    if nl.slope is not None:
        return 2.0 / (1.0 + nl.slope**2)
    for q in _critical_q(nl, sigma_b2):
        sigma_w2 = 1.0 / float(averages(nl, q).slope_square)
        if _reached(nl, sigma_w2, sigma_b2):
            return sigma_w2
    return None


@dataclass(frozen=True)
class Repelling:
    """A point with chi = 1 at a fixed point q that repels: the slope there, dq_{l+1} / dq_l, is above 1, and no network comes to rest."""

    sigma_w2: float
    sigma_b2: float
    q: float
    slope: float


def repelling(activation: str, params: Params, sigma_b2: float) -> Repelling | None:
    """Why this activation is critical nowhere for this sigma_b^2, where a fixed point that repels is the reason: SiLU, GELU, Mish and
    hardswish with small biases."""
    nl = nonlinearity(activation, params)
    if _critical_sigma_w2(nl, sigma_b2) is not None:
        return None
    for q in _critical_q(nl, sigma_b2):
        at = averages(nl, q)
        sigma_w2 = 1.0 / float(at.slope_square)
        slope = sigma_w2 * float(at.even) / (2.0 * q)
        if q > SCAN[0] and slope > 1.0:
            return Repelling(sigma_w2, sigma_b2, q, slope)
    return None


def _critical_q(nl: Nonlinearity, sigma_b2: float) -> list[float]:
    """All q in (1e-18, 1e18) with q = E[phi^2] / E[phi'^2] + sigma_b^2; 0 first where phi(0) = 0 and there is no bias."""
    at = scanned(nl)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        drift = at.square / at.slope_square + sigma_b2 - SCAN

    def value(sign: float, q: float) -> float:
        there = averages(nl, q)
        return sign * (float(there.square / there.slope_square) + sigma_b2 - q)

    sure = np.abs(drift) > 1e-9 * SCAN
    signs = np.where(sure & np.isfinite(drift), np.sign(drift), 0)
    known = np.nonzero(signs)[0]
    turns = [(a, b) for a, b in pairwise(known) if signs[a] != signs[b]]
    roots = [bracketed_zero(partial(value, float(signs[a])), SCAN[a], SCAN[b]) for a, b in turns]
    vanishes = sigma_b2 == 0 and abs(float(nl.phi(np.zeros(1))[0])) < 1e-12
    return [1e-18, *roots] if vanishes else roots


def _reached(nl: Nonlinearity, sigma_w2: float, sigma_b2: float) -> bool:
    """Whether the fixed point that q = 1 runs into has chi = 1."""
    found = rest(Map(nl, sigma_w2, sigma_b2), 1.0)
    return found is not None and abs(sigma_w2 * float(averages(nl, max(found, 1e-18)).slope_square) - 1.0) < 1e-2


@dataclass(frozen=True)
class PhaseGrid:
    """Over sigma_w^2 (W,) and sigma_b^2 (B,): q*, chi and depth scale, each (B, W); nan where q grows without end.

    depth_scale is 1 / |ln chi| layers: the gradient's, in the ordered phase also that of two inputs' correlation.
    """

    sigma_w2: Array
    sigma_b2: Array
    q: Array
    chi: Array
    depth_scale: Array


def phase_grid(activation: str, params: Params, sigma_w2: Array, sigma_b2: Array) -> PhaseGrid:
    """The phase diagram's numbers, all points at once; 64 x 64 in a fraction of a second."""
    weight, bias = np.meshgrid(np.asarray(sigma_w2, dtype=np.float64), np.asarray(sigma_b2, dtype=np.float64))
    q, chi = (found.reshape(weight.shape) for found in _q_and_chi(nonlinearity(activation, params), weight.ravel(), bias.ravel()))
    with np.errstate(divide="ignore"):
        scale = 1.0 / np.abs(np.log(chi))
    return PhaseGrid(np.asarray(sigma_w2), np.asarray(sigma_b2), q, chi, scale)


def trainable_outline(activation: str, params: Params, depth: int, sigma_w2: Array, sigma_b2: Array) -> list[Array]:
    """Around the networks of `depth` layers that are at most TRAINABLE_SCALES of the gradient's depth scales deep: lines, each (P, 2) of
    (sigma_w^2, sigma_b^2). Where chi jumps, as q* of GELU does, the outline runs along the jump.
    """
    nl, steepest = nonlinearity(activation, params), math.exp(TRAINABLE_SCALES / depth)

    def inside(weight: Array, bias: Array) -> Mask:
        _, chi = _q_and_chi(nl, weight, bias)
        return (chi >= 1 / steepest) & (chi <= steepest)

    return outline(inside, sigma_w2, sigma_b2)


def _q_and_chi(nl: Nonlinearity, weight: Array, bias: Array) -> tuple[Array, Array]:
    """q*, nan where it grows without end, and chi there, for each pair (N,)."""
    if nl.slope is not None:
        q = np.array([_or_nan(rest(Map(nl, w, b), 1.0)) for w, b in zip(weight, bias, strict=True)])
        return q, weight * (1 + nl.slope**2) / 2
    table = _table(nl)
    q = _fixed_points(table, weight, bias)
    return q, weight * table.at(table.slope_square, np.where(np.isnan(q), LN_Q[-1], np.log(np.maximum(q, 1e-18))))


LN_Q = np.log(10.0) * np.linspace(-18, 18, 2049)


@dataclass(frozen=True)
class _Table:
    """E[phi^2] and E[phi'^2] at LN_Q, and cubic interpolation between (relative error about 1e-7)."""

    square: Array
    slope_square: Array

    @staticmethod
    def at(values: Array, ln_q: Array) -> Array:
        """Lagrange's cubic through the two nodes on each side."""
        place = (ln_q - LN_Q[0]) / (LN_Q[1] - LN_Q[0])
        first = np.clip(np.floor(place).astype(int) - 1, 0, LN_Q.size - 4)
        t = place - first
        a, b, c, d = (values[first + k] for k in range(4))
        result: Array = ((t - 1) * (t - 2) * (3 - t) * a + 3 * t * (t - 2) * (t - 3) * b
                         - 3 * t * (t - 1) * (t - 3) * c + t * (t - 1) * (t - 2) * d) / 6
        return result


@lru_cache(maxsize=32)
def _table(nl: Nonlinearity) -> _Table:
    found = averages(nl, np.exp(LN_Q))
    return _Table(found.square, found.slope_square)


def _fixed_points(table: _Table, weight: Array, bias: Array) -> Array:
    """The fixed point that q = 1 runs into, for each pair (N,): 0 below the table, nan above it."""
    coarse = LN_Q[::8]
    drift = np.multiply.outer(weight, table.square[::8]) + bias[:, None] - np.exp(coarse)
    start = int(np.searchsorted(coarse, 0.0))
    rises, columns = drift[:, start] > 0, np.arange(coarse.size)
    above = np.where((drift < -ROUNDING * np.exp(coarse)) & (columns > start), columns, coarse.size).min(axis=1)
    below = np.where((drift >= 0) & (columns < start), columns, -1).max(axis=1)
    low = np.where(rises, above - 1, below)
    found = _halve(table, weight, bias, coarse[np.clip(low, 0, coarse.size - 2)], coarse[np.clip(low + 1, 1, coarse.size - 1)])
    found = np.where(~rises & (below < 0), 0.0, found)
    return np.where(rises & (above >= coarse.size), np.nan, found)


def _halve(table: _Table, weight: Array, bias: Array, low: Array, high: Array) -> Array:
    """Zeros of f(q) - q, positive at ln q = low and negative at high, by halving ln q's interval."""
    for _ in range(30):
        middle = (low + high) / 2
        rises = weight * table.at(table.square, middle) + bias > np.exp(middle)
        low, high = np.where(rises, middle, low), np.where(rises, high, middle)
    return np.asarray(np.exp((low + high) / 2))


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
