"""E[f(sqrt(q) z)], z ~ N(0, 1), for the functions of one activation that mean-field theory needs.

One fixed set of nodes x serves every q: Gauss-Legendre panels, one for each octave of |x| from 1e-40 to 1e40, split at phi's kinks. phi is
evaluated there once. Each q then costs one Gaussian density on the nodes within its reach, and one product with the stored values.

So two scales are resolved, however far apart they are: sqrt(q), where the density lies, and the activation's own. Panels that grow with |x|
resolve any function whose poles lie near the imaginary axis, as those of the catalogue do. The relative error is below 1e-9 against
adaptive quadrature for q in [1e-12, 1e12] (tests/models/theory/test_gaussian.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from models.theory.nonlinearity import Array, Nonlinearity

NODES = 14
"""Gauss-Legendre nodes a panel."""

REACH = 38.0
"""Standard deviations to which the density is followed: beyond, it is 0 in float64. (hardtanh from 50 to 100 has E[phi'^2] = 4e-34
at q = 17, all of it beyond 12.)"""

CORE = 1e-5
"""For |x| below CORE times the smaller of sqrt(q) and phi's smallest scale the functions count as constant on each side of 0."""

Q_LOW, Q_HIGH = 1e-54, 1e76
"""The q that the nodes are made for. Beyond them phi is taken as affine on each side of 0, which it is to 27 digits."""

CHUNK = 32
"""So many neighbouring q are computed together, on the same nodes."""


@dataclass(frozen=True)
class Averages:
    """Gaussian averages at u = sqrt(q) z, each with the shape of q.

    mean     E[phi]             square   E[phi^2]          slope    E[phi']     slope_square  E[phi'^2]
    fourth   E[phi^4]           odd      E[z phi^2]        even     E[(z^2 - 1) phi^2]
    quartic  E[(z^4 - 6 z^2 + 3) phi^2]                       cube      E[phi^3]           mirrored  E[phi(u) phi(-u)]
    arched   E[(z^2 - 1) phi]                                 opposed  E[phi(u)^2 phi(-u)^2]
    `even` / (2 q) is dE[phi^2]/dq and `quartic` / (4 q^2) the second derivative: the Gaussian density solves the heat equation.
    """

    mean: Array
    square: Array
    slope: Array
    slope_square: Array
    fourth: Array
    odd: Array
    even: Array
    quartic: Array
    cube: Array
    mirrored: Array
    arched: Array
    opposed: Array


@dataclass(frozen=True)
class Nodes:
    """The nodes of one activation, and its functions there (`_functions`), folded onto x > 0: values at x and -x are added.

    x, squared: nodes, ascending, and their squares (N,)       edges:    left ends of their panels (N / NODES,)
    table:      weight times the functions (N, 12)             pair:     its first two columns
    core:       the functions at 0, both sides added (12,)     smallest: the activation's smallest scale, at most 1
    """

    x: Array
    edges: Array
    squared: Array
    table: Array
    pair: Array
    core: Array
    smallest: float

    def within(self, lowest: float, highest: float) -> tuple[slice, float]:
        """(the nodes that count for q from lowest to highest: whole panels from the end of the core on, that end)."""
        panel = max(0, int(self.edges.searchsorted(CORE * min(math.sqrt(lowest), self.smallest), "right")) - 1)
        return slice(panel * NODES, int(self.x.searchsorted(REACH * math.sqrt(highest)))), float(self.edges[panel])


def panels(edges: Array, nodes: int) -> tuple[Array, Array]:
    """Gauss-Legendre nodes and weights on each interval between neighbouring edges, flattened."""
    points, weights = legendre(nodes)
    half, middle = np.diff(edges) / 2, (edges[1:] + edges[:-1]) / 2
    return (middle[:, None] + half[:, None] * points).ravel(), (half[:, None] * weights).ravel()


@lru_cache(maxsize=8)
def legendre(nodes: int) -> tuple[Array, Array]:
    points, weights = np.polynomial.legendre.leggauss(nodes)
    return points, weights


@lru_cache(maxsize=8)
def hermite(nodes: int) -> tuple[Array, Array]:
    """Nodes of a normal law, and weights whose sum is 1."""
    points, weights = np.polynomial.hermite_e.hermegauss(nodes)
    return points, weights / weights.sum()


@lru_cache(maxsize=64)
def _grid(nl: Nonlinearity) -> tuple[Array, Array, Array]:
    """The panels' edges, the nodes x > 0 and their weights."""
    octaves = 10.0 ** np.linspace(-40, 40, 267)
    around = [np.abs(np.concatenate([centre - octaves, [centre], centre + octaves])) for centre in nl.centres if centre]
    beyond = [abs(kink) * (1.0 + 0.5 ** np.arange(11)) for kink in nl.kinks if kink]  # where only a density's tail is left, 1444 e-foldings
    edges = np.unique(np.concatenate([[0.0], octaves, np.abs(nl.kinks), *around, *beyond]))
    return edges, *panels(edges, NODES)


@lru_cache(maxsize=64)
def nodes_of(nl: Nonlinearity) -> Nodes:
    """The nodes of one activation and its functions there; a few ms, once."""
    edges, x, weight = _grid(nl)
    table = _functions(nl, x) + _functions(nl, -x)
    core = table[0].copy()
    table *= weight[:, None]
    sizes = [abs(point) for point in (*nl.kinks, nl.scale) if point]
    return Nodes(x, edges[:-1], x * x, table, np.ascontiguousarray(table[:, :2]), core, min(1.0, *sizes))


def _functions(nl: Nonlinearity, x: Array) -> Array:
    """The functions whose averages `Averages` has, up to powers of q (N, 12)."""
    phi, slope = nl.phi(x), nl.derivative(x)
    square = phi**2
    return np.stack([phi, square, slope, slope**2, square**2, x * square, x**2 * square, x**4 * square, phi * square, phi * nl.phi(-x),
                     x**2 * phi, square * nl.phi(-x) ** 2],
                    axis=1)


def averages(nl: Nonlinearity, q: Array | float) -> Averages:
    """The averages at every q (any shape, q >= 0), in float64."""
    if nl.slope is not None:
        return _leaky(nl.slope, np.asarray(q, dtype=np.float64))
    flat = np.atleast_1d(np.asarray(q, dtype=np.float64)).ravel()
    order, found = np.argsort(flat), np.empty((12, flat.size))
    for start in range(0, flat.size, CHUNK):
        part = order[start:start + CHUNK]
        found[:, part] = _chunk(nl, flat[part]).T
    return Averages(*found.reshape(12, *np.shape(q)))


def slope_products(nl: Nonlinearity, q: Array) -> tuple[Array, Array, Array]:
    """E[phi'^2 phi], E[phi'^2 phi^2] and E[u^2 phi'^2] at every q (Q,)."""
    if nl.slope is not None:
        return (1 - nl.slope**3) * np.sqrt(q / (2 * math.pi)), q * (1 + nl.slope**4) / 2, q * (1 + nl.slope**2) / 2
    inside, nodes, (table, core) = np.clip(q, Q_LOW, Q_HIGH), nodes_of(nl), _slope_table(nl)
    order, found = np.argsort(inside), np.empty((3, q.size))
    for start in range(0, q.size, CHUNK):
        part = order[start:start + CHUNK]
        found[:, part] = _density_product(nodes, table, core, inside[part]).T
    factor = np.maximum(q / inside, 1.0)
    linear, square, along = found / factor**0.5 if nl.bounded else (found[0] * factor**0.5, found[1] * factor, found[2] * factor)
    return linear, square, along


@lru_cache(maxsize=64)
def _slope_table(nl: Nonlinearity) -> tuple[Array, Array]:
    """The three functions on the activation's nodes, as `Nodes` has its own."""
    _, x, weight = _grid(nl)
    sides = [(nl.phi(side), nl.derivative(side) ** 2) for side in (x, -x)]
    table = np.stack([sum(phi * squared for phi, squared in sides), sum(phi**2 * squared for phi, squared in sides),
                      x**2 * sum(squared for _, squared in sides)], axis=1)
    return table * weight[:, None], table[0]


def _leaky(slope: float, q: Array) -> Averages:
    """phi(x) = x for x > 0, slope * x below (Cho & Saul 2009; half of a Gaussian's moments on each side)."""
    one, root = np.ones_like(q), np.sqrt(q / (2 * math.pi))
    square, bent = (1 + slope**2) / 2, 1 - slope**2
    with np.errstate(over="ignore"):
        fourth = 1.5 * q**2 * (1 + slope**4)
    return Averages(
        mean=(1 - slope) * root, square=q * square, slope=one * (1 + slope) / 2, slope_square=one * square, fourth=fourth,
        odd=q * bent * 2 / math.sqrt(2 * math.pi), even=2 * q * square, quartic=0.0 * q,
        cube=(1 - slope**3) * 2 * q * root, mirrored=-slope * q, arched=(1 - slope) * root,
        opposed=fourth * 2 * slope**2 / (1 + slope**4),
    )


def _chunk(nl: Nonlinearity, q: Array) -> Array:
    """(Q, 12) averages; q outside [Q_LOW, Q_HIGH] by scaling (see Q_LOW)."""
    inside = np.clip(q, Q_LOW, Q_HIGH)
    nodes = nodes_of(nl)
    raw = _density_product(nodes, nodes.table, nodes.core, inside)
    raw[:, 5] /= np.sqrt(inside)
    second = raw[:, 6] / inside
    raw[:, 6] = second - raw[:, 1]
    raw[:, 7] = raw[:, 7] / inside**2 - 6.0 * second + 3.0 * raw[:, 1]
    raw[:, 10] = raw[:, 10] / inside - raw[:, 0]
    if np.any(inside != q):
        _rescale(raw, nl, q / inside)
    return raw


def _density_product(nodes: Nodes, table: Array, core: Array, q: Array) -> Array:
    """The averages of a table's columns for each q: sums over the nodes, weighted by the density of N(0, q) (Q, columns)."""
    within, near = nodes.within(float(q.min()), float(q.max()))
    density = np.exp(np.multiply.outer(-0.5 / q, nodes.squared[within]))
    result: Array = (density @ table[within] + near * core) / np.sqrt(2 * math.pi * q)[:, None]
    return result


def _rescale(raw: Array, nl: Nonlinearity, factor: Array) -> None:
    """Carries averages over to a q beyond the nodes, in place: where phi is unbounded, or is small near 0, they grow by powers of `factor`;
    all others stay as they are."""
    at_zero = float(nl.phi(np.zeros(1))[0])
    grows = np.where(factor > 1, not nl.bounded, True)
    with np.errstate(over="ignore", invalid="ignore"):
        kept = ((0, 0.5, at_zero), (1, 1.0, at_zero**2), (4, 2.0, at_zero**4), (5, 1.0, 0.0), (6, 1.0, 0.0), (7, 1.0, 0.0),
                (8, 1.5, at_zero**3), (9, 1.0, at_zero**2), (10, 0.5, 0.0), (11, 2.0, at_zero**4))
        for column, power, base in kept:
            scaled = np.where(factor > 1, raw[:, column] * factor**power, base + (raw[:, column] - base) * factor**power)
            raw[:, column] = np.where(grows & (factor != 1), scaled, raw[:, column])
        if nl.bounded:
            raw[:, 3] /= np.sqrt(np.maximum(factor, 1.0))


@lru_cache(maxsize=64)
def _lowest(nl: Nonlinearity) -> tuple[float, float, float]:
    """phi(0), and second moment and mean at Q_LOW."""
    return float(nl.phi(np.zeros(1))[0]), *second_moment(nl, Q_LOW)


@lru_cache(maxsize=64)
def _highest(nl: Nonlinearity) -> tuple[float, float]:
    """Second moment and mean at Q_HIGH."""
    return second_moment(nl, Q_HIGH)


def second_moment(nl: Nonlinearity, q: float) -> tuple[float, float]:
    """(E[phi^2], E[phi]) at one q: what a layer's chain needs, without the rest; closed form for the ReLU family."""
    if nl.slope is not None:
        return q * (1 + nl.slope**2) / 2, (1 - nl.slope) * math.sqrt(q / (2 * math.pi))
    if q < Q_LOW:
        at_zero, square, mean = _lowest(nl)
        return at_zero**2 + (square - at_zero**2) * (q / Q_LOW), at_zero + (mean - at_zero) * math.sqrt(q / Q_LOW)
    if q > Q_HIGH:
        square, mean = _highest(nl)
        return (square, mean) if nl.bounded else (square * (q / Q_HIGH), mean * math.sqrt(q / Q_HIGH))
    nodes = nodes_of(nl)
    within, near = nodes.within(q, q)
    total = np.exp(nodes.squared[within] * (-0.5 / q)) @ nodes.pair[within]
    mean, square = ((total + near * nodes.core[:2]) / math.sqrt(2 * math.pi * q)).tolist()
    return square, mean


def second_moments(nl: Nonlinearity, q: Array) -> tuple[Array, Array]:
    """The same at a few neighbouring q (Q,)."""
    if nl.slope is not None:
        return q * ((1 + nl.slope**2) / 2), (1 - nl.slope) * np.sqrt(q / (2 * math.pi))
    if q.min() >= Q_LOW and q.max() <= Q_HIGH:
        nodes = nodes_of(nl)
        mean, square = _density_product(nodes, nodes.pair, nodes.core[:2], q).T
    else:
        square, mean = np.array([second_moment(nl, one) for one in q.tolist()]).T
    return square, mean
