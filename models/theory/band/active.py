"""By how much a layer of few units changes the logarithm of a signal's length from seed to seed: its variance and third cumulant.

The other modules know the relative variance of the squared length to first order in 1 / N. Of few units the logarithm varies by more than
that, and is skewed.

ReLU's family: the number k of active units is binomial. Given k, the share of the squared length that is left has, with Gaussian weights,
the law of chi^2_k / N (Hanin & Nica 2020, 1812.05994); with orthogonal ones, which keep the length, that of k of the N squared coordinates
of a point on a sphere, Beta(k / 2, (N - k) / 2). The cumulants of their logarithms are polygamma functions. To first order the relative
variance is 5 / N, and 3 / N on a sphere; where it is smaller, being averaged over inputs, the law of so many more units is
taken. Other activations: the squared length is taken to have a Gamma law.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from models.theory.layers import Plan
from models.theory.nonlinearity import Array

UNITS = (2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 17, 20, 24, 30, 40, 60, 100, 200)
"""The numbers of units for which the law is tabulated. In between, a line in 1 / N; beyond them, one to the first order at 1 / N = 0."""

APERY = 1.2020569031595943
"""zeta(3)."""


class Few:
    """The cumulants for one network's activation and weights, looked up row by row."""

    def __init__(self, plan: Plan) -> None:
        self.table = _table(plan.hidden.loose < 1.0) if plan.nl.slope is not None else None

    def cumulants(self, variance: float) -> tuple[float, float]:
        """(variance, third cumulant) of the logarithm of a squared length that has this relative variance to first order."""
        if self.table is None:
            return variance + variance**2 / 2.0, -(variance**2)
        grid, ratios, thirds = self.table
        place = min(variance, grid[-1])
        index = min(_below(grid, place), len(grid) - 2)
        part = (place - grid[index]) / (grid[index + 1] - grid[index])
        ratio, third = (column[index] + part * (column[index + 1] - column[index]) for column in (ratios, thirds))
        return variance * ratio, variance**2 * third


def _below(grid: list[float], place: float) -> int:
    """The index of the last entry that is not above `place`."""
    return sum(value <= place for value in grid[1:])


@lru_cache(maxsize=2)
def _table(on_a_sphere: bool) -> tuple[list[float], list[float], list[float]]:
    """(relative variances to first order, ascending from 0; the logarithm's variance over each; its third cumulant over each squared).
    on_a_sphere: with orthogonal weights"""
    first = 3.0 if on_a_sphere else 5.0
    found = [(first / units, *_of_units(units, on_a_sphere)) for units in reversed(UNITS)]
    grid = [0.0, *(each[0] for each in found)]
    ratios = [variance / relative for relative, variance, _ in found]
    thirds = [third / relative**2 for relative, _, third in found]
    return grid, [1.0, *ratios], [thirds[0], *thirds]


def _of_units(units: int, on_a_sphere: bool) -> tuple[float, float]:
    """(variance, third cumulant) of the logarithm of the share of the squared length that is left, if any unit is active."""
    k = np.arange(1, units + 1)
    weights = np.array([float(math.comb(units, each)) for each in k])
    weights /= weights.sum()
    mean, variance, third = (each - each[-1] if on_a_sphere else each for each in _polygammas(units))
    mean -= weights @ mean
    return float(weights @ (variance + mean**2)), float(weights @ (third + 3.0 * mean * variance + mean**3))


def _polygammas(most: int) -> tuple[Array, Array, Array]:
    """(psi + Euler's constant, psi', psi'') at 1/2, 1, 3/2, ..., most / 2, each (most,): by their recurrence, from the values at 1/2 and 1
    (Abramowitz & Stegun, 6.3 and 6.4)."""
    starts = ((-2.0 * math.log(2.0), 0.0), (math.pi**2 / 2.0, math.pi**2 / 6.0), (-14.0 * APERY, -2.0 * APERY))
    x, found = np.arange(1, most + 1) / 2.0, []
    for order, start in enumerate(starts):
        values, steps = np.empty(most), (-1.0) ** order * math.factorial(order) / x ** (order + 1)
        for parity in (0, 1):
            values[parity::2] = start[parity] + np.append(0.0, np.cumsum(steps[parity::2][:-1]))[:values[parity::2].size]
        found.append(values)
    return found[0], found[1], found[2]
