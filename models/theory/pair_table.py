"""H(d, sigma_s) = E[(phi(s + d) - phi(s - d))^2] / 2 over s ~ N(0, sigma_s^2), tabulated for one activation.

A table holds ln H at fixed nodes d > 0, for each as a Chebyshev series in ln sigma_s^2 over an interval of length STEP. That converges
fast: a Gaussian average is analytic there in a strip of half width pi/2, and ln H is nearly straight wherever phi behaves like a power.

The panels of d are octaves, cut where two kinks of phi lie 2 d apart, the only points at which H is not smooth. For every d the s axis is
cut where s + d or s - d meets a kink, and has panels around +-d that grow from the activation's scale on. One evaluation of phi serves all
sigma_s. Below every scale of phi H is continued as C d + A d^2 (1 + ...); C comes from jumps of phi (softplus has one at its threshold).

A mirrored table has -v for v, for correlations below 0; its H does not vanish at d = 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from models.theory.gaussian import legendre, panels
from models.theory.nonlinearity import Array, Nonlinearity

STEP, ORDER = math.log(64.0), 17
"""Length of a table's interval of ln sigma_s^2, and its Chebyshev nodes."""
SHORT_STEP, HIGH_ORDER = math.log(16.0), 27
"""The same where H changes from one power to another within the interval, as with jumps and constant biases. Mirrored tables have the long
interval with HIGH_ORDER: with a kink at three standard deviations and another one near 0 they were off by 1e-6."""
REACH = 7.5
"""d is followed up to so many standard deviations."""
S_NODES, D_NODES = 9, 10
Z_EDGES = np.array([0.0, 1.5, 3.0, 6.0, 12.0, 24.0, 40.0, 64.0])
"""Panels of s in units of the interval's smallest sigma_s. They reach 8 standard deviations of its largest, which is up to eight times
that."""
FEATURES = np.concatenate([[1.5, 4.0, 10.0], 28.0 * 2.8 ** np.arange(60)])
START = 7
"""H is computed from START octaves below the smallest scale of phi and sigma_s on, and continued for CONTINUED octaves below that."""
CONTINUED = 50


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """d (N,) ascending, d^2, quadrature weights, left end of each node's panel; 0, 1, ..., order - 1;
    ln H as series: ln_h (order, N)."""

    d: Array
    squared: Array
    weight: Array
    left: Array
    degrees: Array
    ln_h: Array


@lru_cache(maxsize=4096)
def table(nl: Nonlinearity, index: int, mirrored: bool) -> Table:
    """The table for ln sigma_s^2 in [index, index + 1] step(nl): a few ms, once."""
    length = step(nl)
    order = ORDER if length == STEP and not mirrored else HIGH_ORDER
    x = np.cos(math.pi * (np.arange(order) + 0.5) / order)
    sigma = np.exp((index + (x + 1) / 2) * length / 2)
    low, high = math.exp(index * length / 2), math.exp((index + 1) * length / 2)
    edges = _d_edges(nl, low, high, mirrored)
    d, weight = panels(edges, D_NODES)
    h = _average(nl, d, sigma, high, mirrored)
    below = edges[0] * 2.0 ** np.arange(-CONTINUED, 1)
    d_below, weight_below = panels(below, D_NODES)
    continued = _continued(nl, d[:D_NODES], h[:, :D_NODES], d_below, sigma, mirrored)
    ln_h = np.log(np.maximum(np.concatenate([continued, h], axis=1), 1e-300))
    nodes, left = np.concatenate([d_below, d]), np.repeat(np.concatenate([below, edges[1:-1]]), D_NODES)
    degrees = np.arange(order, dtype=np.float64)
    return Table(nodes, nodes * nodes, np.concatenate([weight_below, weight]), left, degrees, _to_series(x) @ ln_h)


@lru_cache(maxsize=64)
def step(nl: Nonlinearity) -> float:
    """Length of a table's interval of ln sigma_s^2."""
    return STEP if nl.centres == (0.0,) and not _jumps(nl).any() else SHORT_STEP


def _to_series(x: Array) -> Array:
    """Chebyshev coefficients from the values at the nodes x (order, order)."""
    values = np.cos(np.outer(np.arange(x.size), np.arccos(x)))
    values[0] /= 2.0
    result: Array = values * 2.0 / x.size
    return result


def _d_edges(nl: Nonlinearity, low: float, high: float, mirrored: bool) -> Array:
    """Octaves from below the smallest scale up to REACH sigma_d, cut where kinks, or features about to be mirrored, meet."""
    sign = -1.0 if mirrored else 1.0
    kinks, centres = np.array(nl.kinks), np.array([centre for centre in nl.centres if centre and mirrored])
    meeting = np.abs(np.subtract.outer(kinks, sign * kinks)).ravel() / 2
    around = [np.abs(centres), *(np.abs(np.add.outer(np.abs(centres), [-f, f])).ravel() for f in FEATURES[:4] * nl.scale)]
    between = np.unique(np.concatenate([meeting, *around]))
    between = between[between > 1e-12 * low]
    smallest = min([low, nl.scale, *between])
    octaves = 2.0 ** np.arange(math.floor(math.log2(smallest)) - START, math.ceil(math.log2(REACH * high)) + 1)
    inside = between[(between > octaves[0]) & (between < octaves[-1])]
    return np.unique(np.concatenate([octaves, inside]))


def _average(nl: Nonlinearity, d: Array, sigma: Array, high: float, mirrored: bool) -> Array:
    """H at d (N,) for each sigma_s (M,): (M, N)."""
    left, half = _s_panels(nl, d, float(sigma.min()), high, mirrored)
    row, panel = np.nonzero(half > 0)
    points, weights = legendre(S_NODES)
    length = half[row, panel][:, None]
    s = left[row, panel][:, None] + length * (1 + points)
    values = (_half_square(nl, s, d[row], mirrored) * length * weights).ravel()
    starts, minus = np.searchsorted(row, np.arange(d.size)) * S_NODES, -0.5 * (s * s).ravel()
    sums = [np.add.reduceat(values * np.exp(minus / width**2), starts) / width for width in sigma]
    return np.stack(sums) / math.sqrt(2 * math.pi)


def _s_panels(nl: Nonlinearity, d: Array, low: float, high: float, mirrored: bool) -> tuple[Array, Array]:
    """Left ends and half lengths (N, panels) of the s axis for each d."""
    turned = [-1.0, 1.0] if mirrored else [1.0]
    points = np.concatenate([np.array(nl.kinks) * sign for sign in turned])
    centres = np.concatenate([np.array(nl.centres) * sign for sign in turned])
    features = _features(nl, high)
    moving = np.concatenate([points, np.add.outer(centres, np.concatenate([-features, [0.0], features])).ravel()])
    z = Z_EDGES[Z_EDGES * low < 8.5 * high]
    fixed = np.broadcast_to(np.concatenate([-z[:0:-1], z]) * low, (d.size, 2 * z.size - 1))
    edges = np.concatenate([fixed, moving - d[:, None], moving + d[:, None]], axis=1)
    edges = np.sort(np.clip(edges, -z[-1] * low, z[-1] * low), axis=1)
    return edges[:, :-1], np.diff(edges, axis=1) / 2


def _features(nl: Nonlinearity, sigma: float) -> Array:
    """Distances from a centre at which panels are cut: none where phi hardly bends within sigma, none where it is straight."""
    if sigma <= 0.6 * nl.scale:
        return FEATURES[:0]
    features = FEATURES if nl.slow else FEATURES[:4]
    return features[features * nl.scale < 4.0 * sigma] * nl.scale


def _half_square(nl: Nonlinearity, s: Array, d: Array, mirrored: bool) -> Array:
    """(phi(u) - phi(v))^2 / 2, u = s + d, v = s - d, for panels s (P, S_NODES) with one d (P,) each.

    Mirrored, v is -v, and the two roles are averaged to stay even in d. Where the difference would be lost to rounding, it
    is phi' integrated from v to u, by two points.
    """
    d = d[:, None]
    if mirrored:
        phi = nl.phi(np.stack([s + d, d - s, s - d, -s - d]))
        return np.asarray(0.25 * ((phi[0] - phi[1]) ** 2 + (phi[2] - phi[3]) ** 2))
    middle = s[:, S_NODES // 2, None]
    kinked = (np.abs(np.subtract.outer(middle[:, 0], np.array(nl.kinks))) < d).any(axis=1)
    close = (d[:, 0] < 1e-3 * nl.scale) & ~kinked
    result = np.empty_like(s)
    for rows, function, reach in ((close, nl.derivative, 1 / math.sqrt(3.0)), (~close, nl.phi, 1.0)):
        at, by = s[rows], d[rows] * reach
        right, left = function(np.stack([at + by, at - by]))
        result[rows] = ((right + left) * d[rows]) ** 2 / 2 if function is nl.derivative else (right - left) ** 2 / 2
    return result


def _continued(nl: Nonlinearity, d: Array, h: Array, below: Array, sigma: Array, mirrored: bool) -> Array:
    """H (M, B) at nodes `below` those d (N,) where it is known as h (M, N): C d + d^2 times a cubic, mirrored a cubic."""
    kinks = np.array(nl.kinks)
    density = np.exp(-0.5 * np.divide.outer(kinks, sigma) ** 2) / (sigma * math.sqrt(2 * math.pi))
    jump = np.zeros_like(sigma) if mirrored else _jumps(nl) ** 2 @ density
    power = 0 if mirrored else 2
    rest = (h - np.multiply.outer(jump, d)) / d**power
    cubic = np.linalg.pinv(np.vander(d / d[-1], 4)).T
    result: Array = np.multiply.outer(jump, below) + rest @ cubic @ np.vander(below / d[-1], 4).T * below**power
    return result


@lru_cache(maxsize=64)
def _jumps(nl: Nonlinearity) -> Array:
    """By how much phi itself jumps at each kink; 0 up to rounding for all but softplus."""
    kinks = np.array(nl.kinks)
    size = nl.phi(kinks + 1e-12 * np.abs(kinks)) - nl.phi(kinks - 1e-12 * np.abs(kinks))
    return np.where(np.abs(size) > 1e-10 * (1.0 + np.abs(kinks)), size, 0.0)
