"""Between which values LEVEL of the seeds lie: of a mean of squares, and of Student's t."""

from __future__ import annotations

import numpy as np

from models.theory.nonlinearity import Array

LEVEL = 0.95
DEVIATIONS = 1.959964

FLOOR = 3e-4
"""Relative half width for what is left out: float32's rounding, and second orders of small shares where a normalization holds q fast."""


def quantiles(inherited: Array, own: Array) -> tuple[Array, Array]:
    """The logarithms that hold LEVEL of a product of mean 1: of a log-normal variable and a Gamma one of relative variance `own`.

    A mean of few squares, as two classes' logits, has the Gamma law's long lower tail: ln's cumulants are the polygamma functions of
    1 / own, here by their series in own, and its skewness enters by the first order of Cornish and Fisher (1938).
    """
    mean = -inherited / 2 - own / 2 - own**2 / 12
    deviation = np.sqrt(inherited + own + own**2 / 2 + own**3 / 6)
    skew = np.divide(-(own**2) - own**3 - own**4 / 2, deviation**3, where=deviation > 0, out=np.zeros_like(own))
    bent = (DEVIATIONS**2 - 1.0) * skew / 6
    return mean + deviation * (bent - DEVIATIONS), mean + deviation * (bent + DEVIATIONS)


def student(freedom: Array) -> Array:
    """What Student's t with so many degrees of freedom stays within for LEVEL: Fisher's series (Abramowitz & Stegun, 26.7.5)."""
    z, inverse = DEVIATIONS, 1.0 / freedom
    terms = (z, (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96, (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384)
    return np.asarray(np.polyval(terms[::-1], inverse))
