"""Units that a batch normalization behind phi leaves without a signal.

Such a unit is below 0 for the whole batch, where phi is straight: constant, or with a slope so small that eps outweighs its variance.

With c the inputs' mean cosine, a unit's pre-activation of an input is sqrt(c) x + sqrt(1 - c) g: x is the same for all inputs, g is the
input's own. How often all inputs of a batch are below 0 depends on how their g go together, of which only one number is known, the
participation ratio. So the share of such units is known between two ends:

    least  if the g are independent: no other law has fewer units with all inputs below 0 (Slepian 1962)
    most   if the inputs are spread evenly over as many directions as the participation ratio says. Then g = r u: r is the length of a
           Gaussian vector with that many entries, the same for all inputs, and u a coordinate of a point on the sphere
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from models.theory.band.draws import of_biases
from models.theory.chain import Chain
from models.theory.gaussian import hermite
from models.theory.layers import Plan
from models.theory.nonlinearity import Array

BELOW = np.array([1e-6, 1e-3, 1.0, 1e3])
"""Distances below 0 at which phi's slopes are compared, to see whether phi is straight there."""

ALIKE = 0.1
"""Up to this mean cosine no unit has the same sign for the whole batch."""

LENGTHS = 12
"""Nodes of the law of r."""

FEWEST, MANY = 2.0, 64.0
"""The fewest directions that are taken, and the number above which a coordinate of the sphere counts as Gaussian."""


@dataclass(frozen=True, slots=True)
class Silent:
    """The mean share of a unit's variance that eps takes in each hidden row, as `least` and `most`; and the variance of that share from
    unit to unit, for the latter. Each (depth,)."""

    least: Array
    most: Array
    spread: Array


def silent(plan: Plan, rows: Chain) -> Silent:
    """All zeros where there is no batch normalization behind phi, or phi is not straight below 0."""
    found = Silent(*(np.zeros(plan.depth) for _ in range(3)))
    sides = plan.nl.derivative(plan.nl.centres[0] - BELOW)
    if plan.post != "batch" or np.ptp(sides) > 0.0:
        return found
    slope, inputs, shift = float(sides[0]), plan.batch * plan.pixels, -plan.nl.centres[0]
    total = np.array(rows.q[:-1])
    q = total - shift**2
    c = 1.0 - np.array(rows.one_minus_c[:-1]) * total / q
    alike = 1.0 - np.divide(1.0 - c, 1.0 - of_biases(plan, rows)[:-1], where=c < 1.0, out=np.zeros_like(c))  # without the biases
    for row in np.flatnonzero((c > ALIKE) & (c < 1.0)).tolist():
        own = (1.0 - float(c[row])) * float(q[row])
        asked = round(math.sqrt(c[row] * q[row] / own), 3), round(shift / math.sqrt(own), 3), inputs
        weighed = float(f"{slope**2 * own / plan.eps:.3g}")
        found.least[row], _ = _all_below(*asked, math.inf, weighed)
        found.most[row], found.spread[row] = _all_below(*asked, round(_directions(rows, float(alike[row])), 1), weighed)
    return found


def _directions(rows: Chain, c: float) -> float:
    """Over how many directions the inputs' deviations from their mean would have to be spread evenly to be as alike as they are."""
    if rows.fields.participation is None:
        return math.inf
    return max((1.0 - c) ** 2 / max(1.0 / rows.fields.participation - c**2, 1e-6), FEWEST)


@lru_cache(maxsize=256)
def _all_below(ratio: float, shift: float, inputs: int, directions: float, weighed: float) -> tuple[float, float]:
    """(mean, variance) over units of the share that eps takes: nothing, unless all inputs are below 0, and then eps / (eps + what is left),
    where what is left is `weighed` eps on average. ratio: sqrt(c / (1 - c)); shift: the bias that all units have, in g's deviations. By the
    trapezoidal rule in x, and r's law by Wilson and Hilferty's cube root."""
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
    """The probability that a coordinate of a sphere, scaled to the mean square 1, is below `reach`; of many directions a Gaussian's."""
    edge = math.sqrt(min(directions, MANY))
    places = edge * ((np.arange(2000) + 0.5) / 1000.0 - 1.0)
    if directions > MANY:
        dense = np.exp(-(places**2) / 2.0)
    else:
        dense = np.maximum(1.0 - places**2 / directions, 0.0) ** ((directions - 3.0) / 2.0)
    shares = np.cumsum(dense)
    result: Array = np.interp(reach, places, (shares - dense / 2.0) / shares[-1])
    return result
