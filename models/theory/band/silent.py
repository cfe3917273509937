"""Units that a batch normalization behind phi leaves without a signal: those on phi's straight side, below 0, for the whole batch, which
are constant there but for a slope whose variance eps outweighs.

With c the inputs' mean cosine a unit is sqrt(c) x + sqrt(1 - c) g, one x for all of them. How often all are below 0 hangs on how the
deviations g of different inputs go together, of which one number is known. It lies between the law of independent ones, which are the
fewest (Slepian 1962), and that of inputs spread evenly over so few directions that they have this number: g is then r u, with r the length
of so many Gaussian numbers and u a coordinate on their sphere, independent from input to input once r is known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from models.theory.chain import Chain
from models.theory.gaussian import hermite
from models.theory.layers import Plan
from models.theory.nonlinearity import Array

BELOW = np.array([1e-6, 1e-3, 1.0, 1e3])
"""Distances below 0 at which phi's slope tells whether it is straight there."""

ALIKE = 0.1
"""Mean cosine up to which no unit has one sign for the whole batch."""

LENGTHS = 12
"""Nodes of r."""

FEWEST, MANY = 3.0, 64.0
"""Directions: at least, and from when on a coordinate counts as Gaussian."""


@dataclass(frozen=True, slots=True)
class Silent:
    """The share that eps takes of each hidden row's units' variance, at least and at most, and its variance from unit to unit (depth,)."""

    least: Array
    most: Array
    spread: Array


def silent(plan: Plan, rows: Chain) -> Silent:
    """What of each hidden row's signal is left out."""
    found = Silent(*(np.zeros(plan.depth) for _ in range(3)))
    sides = plan.nl.derivative(plan.nl.centres[0] - BELOW)
    if plan.post != "batch" or np.ptp(sides) > 0.0:
        return found
    slope, inputs, shift = float(sides[0]), plan.batch * plan.pixels, -plan.nl.centres[0]
    total = np.array(rows.q[:-1])
    q = total - shift**2
    c = 1.0 - np.array(rows.one_minus_c[:-1]) * total / q
    for row in np.flatnonzero((c > ALIKE) & (c < 1.0)).tolist():
        own = (1.0 - float(c[row])) * float(q[row])
        asked = round(math.sqrt(c[row] * q[row] / own), 3), round(shift / math.sqrt(own), 3), inputs
        weighed = float(f"{slope**2 * own / plan.eps:.3g}")
        found.least[row], _ = _all_below(*asked, math.inf, weighed)
        found.most[row], found.spread[row] = _all_below(*asked, round(_directions(rows, float(c[row])), 1), weighed)
    return found


def _directions(rows: Chain, c: float) -> float:
    """In how many the inputs' deviations from their mean would have to be spread evenly to be as alike as they are."""
    if rows.fields.participation is None:
        return math.inf
    return max((1.0 - c) ** 2 / max(1.0 / rows.fields.participation - c**2, 1e-6), FEWEST)


@lru_cache(maxsize=256)
def _all_below(ratio: float, shift: float, inputs: int, directions: float, weighed: float) -> tuple[float, float]:
    """Mean and variance over units of what eps takes: eps over itself and what is left, which is `weighed` times eps on average, where all
    inputs are below 0. By the trapezoidal rule in x; r by Wilson and Hilferty's cube root."""
    x = np.arange(-8.0, 8.0, 0.1)
    z, weights = hermite(LENGTHS)
    side = 2.0 / (9.0 * directions)
    r = np.maximum(1.0 - side + z * math.sqrt(side), 1e-3) ** 1.5
    reach = -np.add.outer(ratio * x, np.full(LENGTHS, shift)) / r
    below = _share_below(reach, directions) ** inputs
    takes = 1.0 / (weighed * r**2 + 1.0)
    over_x = np.exp(-x * x / 2.0) * 0.1 / math.sqrt(2.0 * math.pi)
    mean, square = (float(over_x @ below @ (weights * takes**power)) for power in (1, 2))
    return mean, square - mean**2


def _share_below(reach: Array, directions: float) -> Array:
    """The law of a coordinate of the sphere whose mean square is 1; Gaussian of many."""
    edge = math.sqrt(min(directions, MANY))
    places = np.linspace(-edge, edge, 2001)
    if directions > MANY:
        dense = np.exp(-(places**2) / 2.0)
    else:
        dense = np.maximum(1.0 - places**2 / directions, 0.0) ** ((directions - 3.0) / 2.0)
    shares = np.cumsum(dense)
    result: Array = np.interp(reach, places, (shares - dense / 2.0) / shares[-1])
    return result
