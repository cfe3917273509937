"""Between which values LEVEL of a random variable lies: a mean of squares of Gaussian or of uniform numbers, and Student's t."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from models.theory.nonlinearity import Array

LEVEL = 0.95
DEVIATIONS = 1.959964
ENDS = ((1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0)

STEEPEST = -3.0 / DEVIATIONS
"""The skewness beyond which the expansion's lower end comes closer to the middle again: z + skew (z^2 - 1) / 6 no longer rises there."""

FLOOR = 3e-4
"""The band's relative half width at least: for float32's rounding and, where a normalization holds q fast, for the second orders that are
left out."""


def quantiles(inherited: Array, own: Array, third: Array | float = 0.0, constant: Array | float = 0.0, beside: Array | float = 0.0,
              ) -> tuple[Array, Array]:
    """(low, high): between these logarithms LEVEL of a product of mean 1 lies, of a variable of relative variance `own` and one whose
    logarithm has the variance `inherited` and the third cumulant `third`; the second is log-normal where that is 0.

    The first is `constant` + (1 - constant) times a Gamma variable. What stands for a constant has the deviation `beside`: of that, half
    counts at the lower end, where the Gamma variable is near 0 (found by draws, tests/models/theory/band/test_quantiles.py). By how much
    these ends lie above a Gamma variable's with the same variance counts for the product's as much as the first's deviation does.
    """
    low, high = _of_gamma(inherited, own, third)
    if not np.any(constant):
        return low, high
    nothing, counts = np.zeros_like(own), np.sqrt(own / np.maximum(own + inherited, FLOOR**2))
    (lower, higher), (lowest, highest) = _of_gamma(nothing, own), _of_gamma(nothing, own / (1.0 - constant) ** 2)
    low += counts * (np.log(constant * np.exp(-beside / 2.0) + (1.0 - constant) * np.exp(lowest)) - lower)
    high += counts * (np.log(constant + (1.0 - constant) * np.exp(highest)) - higher)
    return low, high


def _of_gamma(inherited: Array, own: Array, third: Array | float = 0.0) -> tuple[Array, Array]:
    """The same of a Gamma variable, as a mean of few squares is, like two classes' logits, which has a long lower tail.

    The cumulants of its logarithm are the polygamma functions of 1 / own, here by their series in own; the skewness enters by the first
    order of Cornish and Fisher (1938).
    """
    mean = -inherited / 2 - third / 6 - own / 2 - own**2 / 12
    deviation = np.sqrt(inherited + own + own**2 / 2 + own**3 / 6)
    skew = np.divide(third - own**2 - own**3 - own**4 / 2, deviation**3, where=deviation > 0, out=np.zeros_like(own))
    bent = (DEVIATIONS**2 - 1.0) * np.maximum(skew, STEEPEST) / 6
    return mean + deviation * (bent - DEVIATIONS), mean + deviation * (bent + DEVIATIONS)


@lru_cache(maxsize=64)
def uniform(units: int) -> tuple[float, float]:
    """By how much the two ends for a mean of so many squares lie above those of `quantiles`, as logarithms, where the numbers are uniform
    instead of Gaussian: two of them are seldom both near 0, and never both large. The law of the sum is computed on a grid, in which each
    step has its exact share of the squares of U(0, 1)."""
    steps = 4096 * units
    shares = np.diff(np.sqrt(np.arange(4097) / 4096))
    law = np.fft.irfft(np.fft.rfft(shares, 2 * steps) ** units, 2 * steps)[:steps]
    above = np.interp(ENDS, np.cumsum(law), (np.arange(steps) + 0.5 + units / 2.0) / 4096 / units)
    gaussian = quantiles(np.zeros(1), np.array([2.0 / units]))
    low, high = (np.log(3.0 * above) - np.concatenate(gaussian)).tolist()
    return low, high


def student(freedom: Array, z: Array | float = DEVIATIONS) -> Array:
    """The quantile of Student's t with so many degrees of freedom where a normal law's is z >= 0, with LEVEL's the value that it stays
    within with probability LEVEL: by Fisher's series (Abramowitz & Stegun, 26.7.5), and exactly for one and two."""
    inverse = 1.0 / freedom
    terms = (z, (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96, (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384)
    series: Array = sum((term * inverse**power for power, term in enumerate(terms)), 0.0 * inverse)
    if freedom.min() > 2.0:
        return series
    within = np.reshape([math.erf(each / math.sqrt(2.0)) for each in np.ravel(z).tolist()], np.shape(z))
    one, two = np.tan(np.pi * within / 2.0), within * np.sqrt(2.0 / (1.0 - within**2))
    return np.where(freedom == 1.0, one, np.where(freedom == 2.0, two, series))
