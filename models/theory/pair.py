"""Two inputs: E[phi(u) phi(v)] for u, v ~ N(0, q) with correlation c, and 1 - c without cancellation.

With s = (u + v) / 2 and d = (u - v) / 2, which are independent, the gap

    D = E[phi^2] - E[phi(u) phi(v)] = E[(phi(s + d) - phi(s - d))^2] / 2

is a sum of squares: it keeps its relative accuracy as c -> 1. For every node d the s axis is split where s + d or s - d
meets a kink, and graded around +-d by the activation's scale. ReLU's family in closed form (Cho & Saul 2009).
Negative c turns v round: phi(-x) with correlation -c. Relative error below 1e-6 for q in [1e-12, 1e12] (tests/models/theory).
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from models.theory.gaussian import legendre, panels, second_moment
from models.theory.nonlinearity import Array, Nonlinearity

Z_EDGES = np.array([0.0, 1.5, 3.0, 5.0, 8.0])
D_EDGES = np.array([0.0, 2.0, 4.5, 8.0])
FEATURES = np.concatenate([[1.5, 4.0, 10.0], 28.0 * 2.8 ** np.arange(60)])
S_NODES, D_NODES = 9, 7
BEYOND = 1e30
"""Above this q, phi counts as its asymptotes, straight on each side of 0."""
SIMPLE = 3e3
"""Up to so many feature scales the scaled grid is used."""


def gap(nl: Nonlinearity, q: float, one_minus_c: float) -> float:
    """E[phi(u)^2] - E[phi(u) phi(v)], u, v ~ N(0, q), correlation 1 - one_minus_c; one_minus_c in [0, 2].

    Of the order of q * one_minus_c * E[phi'^2] as one_minus_c -> 0, with the same relative accuracy there.
    """
    if one_minus_c <= 0 or q <= 0:
        return 0.0
    if nl.slope is not None:
        return _leaky_gap(nl.slope, q, one_minus_c)
    if nl.ramp is not None and one_minus_c <= 1 and 1e-4 < q < 1e3:
        return _ramp_gap(nl.ramp, nl.kinks[0], nl.kinks[1], q, one_minus_c)
    if q > BEYOND:
        return gap(nl, BEYOND, one_minus_c) * (1.0 if nl.bounded else q / BEYOND)
    mirrored = one_minus_c > 1
    small = max(2.0 - one_minus_c, 1e-15) if mirrored else one_minus_c
    sigma_s, sigma_d = math.sqrt(q * (1 - small / 2)), math.sqrt(q * small / 2)
    near = all(kink == 0 or abs(kink) > Z_EDGES[-1] * math.sqrt(q) for kink in nl.kinks)
    simple = near and nl.centres == (0.0,) and sigma_s <= SIMPLE * nl.scale
    return (_on_scaled_grid if simple else _on_split_grid)(nl, sigma_s, sigma_d, mirrored)


def pair_moment(nl: Nonlinearity, q: float, c: float) -> float:
    """E[phi(u) phi(v)], u, v ~ N(0, q) with correlation c in [-1, 1]; the error is relative to E[phi^2]."""
    return second_moment(nl, q)[0] - gap(nl, q, 1.0 - c)


def _leaky_gap(slope: float, q: float, one_minus_c: float) -> float:
    """phi = a x + b |x|: q (a^2 (1 - c) + b^2 (1 - c - (2/pi) (sin t - t cos t))), cos t = c (arc-cosine kernel)."""
    a, b = (1 + slope) / 2, (1 - slope) / 2
    t = 2 * math.asin(math.sqrt(min(one_minus_c, 2.0) / 2))
    bend = t**3 / 3 * (1 - t**2 / 10) if t < 1e-2 else math.sin(t) - t * math.cos(t)
    return q * (a * a * one_minus_c + b * b * (one_minus_c - 2 / math.pi * bend))


def _ramp_nodes() -> tuple[Array, Array]:
    """t in (0, 1), finer towards 0, where kinks a short way apart begin to be felt."""
    return panels(np.array([0.0, 0.02, 0.06, 0.15, 0.3, 0.55, 1.0]), 12)


RAMP_T, RAMP_WEIGHT = _ramp_nodes()


def _ramp_gap(slope: float, low: float, high: float, q: float, one_minus_c: float) -> float:
    """phi'' is slope (delta(x - low) - delta(x - high)): the gap's second derivative in c is a sum of bivariate densities.

    With F(c) = E[phi(u) phi(v)] and e = 1 - c (Price 1958): D = e F'(1) - integral from 0 to e of (e - x) F''(1 - x) dx,
    F'(1) = q E[phi'^2], F''(c) = q^2 slope^2 (p(low, low) - 2 p(low, high) + p(high, high)); x = e t^2 takes p's root away.
    """
    inside = (math.erf(high / math.sqrt(2 * q)) - math.erf(low / math.sqrt(2 * q))) / 2
    x = one_minus_c * RAMP_T**2
    c, across = 1.0 - x, x * (2.0 - x)
    apart = np.exp(-(low * low + high * high - 2 * c * low * high) / (2 * q * across))
    same = np.exp(-low * low / (q * (1 + c))) + np.exp(-high * high / (q * (1 + c)))
    density = (same - 2 * apart) / np.sqrt(across)
    bend = float(np.sum(RAMP_WEIGHT * 2 * RAMP_T * (1 - RAMP_T**2) * density)) * one_minus_c / (2 * math.pi)
    return slope * slope * q * one_minus_c * (inside - bend)


def _half_square(nl: Nonlinearity, s: Array, d: Array, mirrored: bool) -> Array:
    """(phi(u) - phi(v))^2 / 2, u = s + d, v = s - d; mirrored, v is -v, and the two roles are averaged to stay even in d."""
    u, v = s + d, s - d
    if not mirrored:
        phi_u, phi_v = nl.phi(np.stack([u, v]))
        return np.asarray(0.5 * (phi_u - phi_v) ** 2)
    phi = nl.phi(np.stack([u, -v, v, -u]))
    return np.asarray(0.25 * ((phi[0] - phi[1]) ** 2 + (phi[2] - phi[3]) ** 2))


@lru_cache(maxsize=16)
def _scaled_grid(finer: int) -> tuple[Array, ...]:
    """s = (A + delta B) sigma_s with weights C + delta D, split at s = +-d = +-delta sigma_s; and d's nodes and weights.

    finer: how often, by 4, the panels next to the split points are cut down: sigma_s up to 1.2 * 4^finer feature scales.
    """
    count = 9 if finer == 0 else 8
    graded = [0.0, *(0.2 / 4.0**power for power in range(finer, -1, -1)), 0.45]
    points, weights = panels(np.array([*graded, 0.9]), count)
    inner = np.array([*graded, 1.0] if finer else [0.0, 1.0])
    middle, middle_weights = panels(np.concatenate([inner - 1.0, 1.0 - inner[-2::-1]]), count)
    reach, none = Z_EDGES[-1], np.zeros_like(middle)
    d, weight_d = panels(np.array([0.0, *(2.0 / 4.0**power for power in range(finer, -1, -1)), 4.3, 7.5]), 8 if finer == 0 else 7)
    return (np.concatenate([-reach * points, none, reach * points]), np.concatenate([points - 1, middle, 1 - points]),
            np.concatenate([reach * weights, none, reach * weights]), np.concatenate([-weights, middle_weights, -weights]),
            d, weight_d * np.exp(-d * d / 2) / math.pi)


def _on_scaled_grid(nl: Nonlinearity, sigma_s: float, sigma_d: float, mirrored: bool) -> float:
    """The gap where 0 is the only kink within reach: the same nodes, up to scaling, each time."""
    finer = max(0, math.ceil(math.log(sigma_s / (1.2 * nl.scale), 4.0)))
    a, b, c, slope, d, weight_d = _scaled_grid(finer)
    delta = (sigma_d / sigma_s * d)[:, None]
    z = a + delta * b
    weight = np.exp(-0.5 * z * z) * (c + delta * slope)
    weight *= weight_d[:, None]
    return float(np.vdot(_half_square(nl, sigma_s * z, (sigma_d * d)[:, None], mirrored), weight))


def _on_split_grid(nl: Nonlinearity, sigma_s: float, sigma_d: float, mirrored: bool) -> float:
    """The gap in general: the panels of s depend on d."""
    d, weight_d = _difference_nodes(nl, sigma_d, mirrored)
    left, half = _sum_panels(nl, d, sigma_s, mirrored)
    row, panel = np.nonzero(half > 0)
    points, weights = legendre(S_NODES)
    length = half[row, panel]
    s = left[row, panel][:, None] + length[:, None] * (1 + points)
    density = np.exp(s * s * (-0.5 / sigma_s**2)) * (weight_d[row] * length)[:, None] * weights
    return float(np.vdot(_half_square(nl, s, d[row, None], mirrored), density)) / (math.pi * sigma_s * sigma_d)


def _difference_nodes(nl: Nonlinearity, sigma: float, mirrored: bool) -> tuple[Array, Array]:
    """Nodes d > 0 and weights with N(0, sigma^2)'s exponential: the integrand is even in d."""
    kinks = np.array(nl.kinks)
    between = np.abs(np.subtract.outer(kinks, -kinks if mirrored else kinks)).ravel() / 2
    edges = np.concatenate([D_EDGES * sigma, between, _features(nl, sigma)])
    edges = np.unique(np.clip(edges, 0.0, D_EDGES[-1] * sigma))
    points, weights = legendre(D_NODES)
    half = np.diff(edges)[:, None] / 2
    d = (edges[:-1, None] + half * (1 + points)).ravel()
    return d, (half * weights).ravel() * np.exp(-0.5 * (d / sigma) ** 2)


def _sum_panels(nl: Nonlinearity, d: Array, sigma: float, mirrored: bool) -> tuple[Array, Array]:
    """Left ends and half lengths (D, panels) of the s axis for each d."""
    turned = [-1.0, 1.0] if mirrored else [1.0]
    points = np.concatenate([np.array(nl.kinks) * sign for sign in turned])
    centres = np.concatenate([np.array(nl.centres) * sign for sign in turned])
    features = _features(nl, sigma)
    local = np.add.outer(centres, np.concatenate([features, -features])).ravel()
    moving = np.concatenate([points, local])
    fixed = np.broadcast_to(np.concatenate([-Z_EDGES[:0:-1], Z_EDGES]) * sigma, (d.size, 2 * Z_EDGES.size - 1))
    edges = np.concatenate([fixed, moving - d[:, None], moving + d[:, None]], axis=1)
    edges = np.sort(np.clip(edges, -Z_EDGES[-1] * sigma, Z_EDGES[-1] * sigma), axis=1)
    return edges[:, :-1], np.diff(edges, axis=1) / 2


def _features(nl: Nonlinearity, sigma: float) -> Array:
    """Distances from a centre at which panels are cut: none where phi hardly bends within sigma, none where it is straight."""
    if sigma <= 0.6 * nl.scale:
        return FEATURES[:0]
    features = FEATURES if nl.slow else FEATURES[:4]
    return features[features * nl.scale < 4.0 * sigma] * nl.scale
