"""E[phi^2] and E[phi] from tables: polynomials in ln q, for callers that ask for hundreds of neighbouring q.

The forward recursion asks for one q after another, and the band for a few around each; a polynomial answers in a tenth of the time that the
quadrature in gaussian.py takes, to 1e-9.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from models.theory.gaussian import Q_HIGH, Q_LOW, second_moment, second_moments
from models.theory.nonlinearity import Array, Nonlinearity

STEPS, DEGREE, INTERVALS = 32, 5, 64
"""Points for each factor e of q at which the numbers are computed, the degree of the polynomials between two points, and the largest range
of ln q for which `near_moments` puts its tables together."""


def near_moments(nl: Nonlinearity, q: Array) -> tuple[Array, Array]:
    """`gaussian.second_moments` to a relative 1e-9."""
    if nl.slope is not None or not (q.min() >= Q_LOW and q.max() < Q_HIGH):
        return second_moments(nl, q)
    place = np.log(q)
    first, last = math.floor(place.min()), math.floor(place.max())  # of these, as another logarithm may round to another interval
    if last - first >= INTERVALS:
        return second_moments(nl, q)
    place = (place - first) * STEPS
    index = place.astype(np.int64)
    powers = (place - index)[:, None] ** np.arange(DEGREE, -1, -1)
    square, mean = np.einsum("qk,qkj->jq", powers, _polynomials(nl, first, last).take(index, axis=0))
    return square, mean


def near_moment(nl: Nonlinearity, q: float) -> tuple[float, float]:
    """`gaussian.second_moment` to a relative 1e-9."""
    if nl.slope is not None or not Q_LOW <= q < Q_HIGH:
        return second_moment(nl, q)
    place = math.log(q)
    first = math.floor(place)
    place = (place - first) * STEPS
    index = min(int(place), STEPS - 1)
    t, square, mean = place - index, 0.0, 0.0
    for of_square, of_mean in _of_one(nl, first)[index]:
        square, mean = square * t + of_square, mean * t + of_mean
    return square, mean


@lru_cache(maxsize=2048)
def _of_one(nl: Nonlinearity, index: int) -> list[list[tuple[float, float]]]:
    """One interval's polynomials of E[phi^2] and E[phi] as plain numbers: read one at a time, ten times as fast as from an array."""
    return [[(square, mean) for square, mean in powers] for powers in _interval(nl, index).tolist()]


@lru_cache(maxsize=1024)
def _polynomials(nl: Nonlinearity, first: int, last: int) -> Array:
    """Polynomials of E[phi^2] and E[phi], one from each point of ln q to the next, for ln q from first to last + 1
    (points, DEGREE + 1, 2), the coefficient of the highest power first."""
    return np.concatenate([_interval(nl, index) for index in range(first, last + 1)])


@lru_cache(maxsize=2048)
def _interval(nl: Nonlinearity, index: int) -> Array:
    """The same for ln q from index to index + 1; each goes through the DEGREE + 1 points around it (STEPS, DEGREE + 1, 2)."""
    before = DEGREE // 2
    points = np.arange(-before, STEPS + DEGREE - before)
    known = np.stack(second_moments(nl, np.exp(index + points / STEPS)))
    through = np.linalg.inv(np.vander(np.arange(-before, DEGREE + 1.0 - before)))
    around = np.lib.stride_tricks.sliding_window_view(known, DEGREE + 1, axis=1)
    result: Array = np.einsum("kp,jsp->skj", through, around)
    return result
