"""Two inputs: E[phi(u) phi(v)] for u, v ~ N(0, q) with correlation c, and 1 - c without cancellation.

With s = (u + v) / 2 and d = (u - v) / 2, which are independent, the gap

    D = E[phi^2] - E[phi(u) phi(v)] = E_d H(d, sigma_s),    H(d, sigma_s) = E_s[(phi(s + d) - phi(s - d))^2] / 2

is an average of squares, so that it keeps its relative accuracy as c -> 1. H does not depend on the variance of d. So one table of ln H at
fixed d and over a range of sigma_s, kept for each activation, answers every c, for one exponential a node (`gap`: about 10 us).
For c < 0 v is replaced by -v, which has the correlation -c > 0, and phi(v) by phi(-v); for an odd phi that is the case c > 0 again.
ReLU's family has a closed form (Cho & Saul 2009).
Relative error below 1e-6 for q in [1e-12, 1e12] (tests/models/theory); the tables are made in pair_table.py.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from models.theory.gaussian import second_moment
from models.theory.nonlinearity import Nonlinearity
from models.theory.pair_table import D_NODES, REACH, step, table

LOWEST, HIGHEST, BOUNDED_HIGHEST = 1e-15, 1e18, 1e30
"""Below LOWEST, as q over the square of phi's smallest scale, phi counts as straight on each side of 0; above HIGHEST, as q over the square
of its largest scale, it does again; a bounded phi counts as a step for q above BOUNDED_HIGHEST."""
TAIL = 2.0**-11
"""All d below TAIL sigma_d count as one node."""
NEAREST = 1e-24
"""Below this 1 - c the gap is taken as proportional to it."""


def gap(nl: Nonlinearity, q: float, one_minus_c: float) -> float:
    """E[phi(u)^2] - E[phi(u) phi(v)], u, v ~ N(0, q), correlation 1 - one_minus_c; one_minus_c in [0, 2].

    Of the order of q * one_minus_c * E[phi'^2] as one_minus_c -> 0, with the same relative accuracy there.
    """
    if one_minus_c <= 0 or q <= 0:
        return 0.0
    if math.isnan(one_minus_c) or math.isnan(q):
        return math.nan
    if nl.slope is not None:
        return _leaky_gap(nl.slope, q, one_minus_c)
    if one_minus_c > 1 and odd(nl):
        return 2.0 * second_moment(nl, q)[0] - gap(nl, q, 2.0 - one_minus_c)
    lowest, highest = limits(nl)
    inside = min(max(q, lowest), highest)
    factor = 1.0 if q > highest and nl.bounded else q / inside
    if one_minus_c > 1:
        return factor * _from_table(nl, inside, max(2.0 - one_minus_c, 1e-15), mirrored=True)
    near = max(one_minus_c, NEAREST)
    return factor * one_minus_c / near * _from_table(nl, inside, near, mirrored=False)


def _from_table(nl: Nonlinearity, q: float, small: float, mirrored: bool) -> float:
    """The average of H over d ~ N(0, q small / 2), twice that over d > 0; small: 1 - c, mirrored 1 + c."""
    variance_s, variance_d = q * (1.0 - small / 2), q * small / 2
    place = math.log(variance_s) / step(nl)
    index = math.floor(place)
    known = table(nl, index, mirrored)
    sigma_d = math.sqrt(variance_d)
    first, last = known.d.searchsorted((TAIL * sigma_d, REACH * sigma_d)).tolist()
    first -= first % D_NODES
    series = np.cos(known.degrees * math.acos(2.0 * (place - index) - 1.0))  # Chebyshev polynomials
    terms = series @ known.ln_h[:, first:last]
    terms += known.squared[first:last] * (-0.5 / variance_d)
    np.exp(terms, out=terms)
    total = float(terms @ known.weight[first:last]) + float(terms[0] * known.left[first])
    return total * math.sqrt(2.0 / math.pi) / sigma_d


@lru_cache(maxsize=64)
def odd(nl: Nonlinearity) -> bool:
    """Whether phi(-x) = -phi(x): E[phi(u) phi(v)] then changes its sign with c."""
    x = 10.0 ** np.linspace(-6.0, 6.0, 49)
    return nl.centres == (0.0,) and np.array_equal(nl.phi(-x), -nl.phi(x))


@lru_cache(maxsize=64)
def limits(nl: Nonlinearity) -> tuple[float, float]:
    """The q between which phi bends or has kinks, seen from 0."""
    scales = [nl.scale, *(abs(point) for point in (*nl.kinks, *nl.centres) if point)]
    return LOWEST * min(scales) ** 2, BOUNDED_HIGHEST if nl.bounded else HIGHEST * max(1.0, *scales) ** 2


def pair_moment(nl: Nonlinearity, q: float, c: float) -> float:
    """E[phi(u) phi(v)], u, v ~ N(0, q) with correlation c in [-1, 1]; the error is relative to E[phi^2]."""
    return second_moment(nl, q)[0] - gap(nl, q, 1.0 - c)


def _leaky_gap(slope: float, q: float, one_minus_c: float) -> float:
    """phi = a x + b |x|: q (a^2 (1 - c) + b^2 (1 - c - (2/pi) (sin t - t cos t))), cos t = c (arc-cosine kernel)."""
    a, b = (1 + slope) / 2, (1 - slope) / 2
    t = 2 * math.asin(math.sqrt(min(one_minus_c, 2.0) / 2))
    bend = t**3 / 3 * (1 - t**2 / 10) if t < 1e-2 else math.sin(t) - t * math.cos(t)
    return q * (a * a * one_minus_c + b * b * (one_minus_c - 2 / math.pi * bend))
