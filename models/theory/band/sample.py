"""How much the squared lengths of a batch of B examples differ, where lengths differ by factors.

A few examples seldom include the very long ones that rule the law's own moments. For B independent q with a log-normal law, the sum of
squares over the squared sum is on average

    B int_0^inf t E[q^2 e^(-t q)] E[e^(-t q)]^(B - 1) dt.

That is e^s / B while the variance s of ln q is small. Where e^s is far beyond B it approaches 1: the longest example is all there is.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from models.theory.gaussian import hermite

STEP, MOST = 0.5, 16.0
"""The distance between the variances of ln q that are tabulated, and the largest of them; between two of them the table is linear."""

NODES = 48


def longer(variance: float, size: int) -> float:
    """ln of the mean square over the squared mean of `size` lengths whose logarithm has this variance, averaged over samples."""
    if variance < STEP / 4.0:  # the first orders, without a table
        return math.log1p(math.expm1(variance) * (1.0 - 1.0 / size))
    found, place = _table(size), min(variance, MOST) / STEP
    index = min(int(place), len(found) - 2)
    return found[index] + (place - index) * (found[index + 1] - found[index])


@lru_cache(maxsize=256)
def _table(size: int) -> list[float]:
    """ln of `size` times the integral, by the trapezoidal rule in ln t."""
    (places, weights), step = hermite(NODES), 0.25
    t, found = np.exp(np.arange(-40.0, 20.0, step)), [0.0]
    for variance in np.arange(STEP, MOST + STEP, STEP).tolist():
        q = np.exp(math.sqrt(variance) * places)
        falls = np.exp(-np.multiply.outer(t, q))
        terms = t**2 * (falls @ (weights * q**2)) * (falls @ weights) ** (size - 1)
        found.append(math.log(size**2 * step * float(terms.sum())))
    return found
