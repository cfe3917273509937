"""What a batch normalization does to a batch's cosines on their way through a row.

It does two things. It takes the mean over the batch away: the mean of the products of all pairs, which is not the product of a pair at the
mean cosine. And it divides each unit by its own size over the batch, so that a direction in which much of the batch lies has less weight in
the next row.

The second is followed in the eigenvalues of the matrix of cosines. The part that the inputs' law gives has the law's harmonics as
eigenvectors (jacobi.py). The part that pairs have wandered by chance has the spectrum of a product of random matrices: if those cosines
have the mean square w over n inputs, and the matrix has trace 1, its squared eigenvalues sum to 1 / n + w, its cubed ones to
1 / n^2 + 3 w / n + 3 w^2 / 2. The division takes 4 times the difference between the cubes and the squared squares: 2 w (2 / n + w).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from models.theory.band.jacobi import Harmonics, harmonics
from models.theory.chain import Chain
from models.theory.gaussian import Averages, averages
from models.theory.layers import Plan
from models.theory.nonlinearity import Array

NARROW = 0.02
"""Up to this variance of c no direction holds so much of a batch that dividing by it counts."""

SMALLEST = 1e-6
"""Share of phi's variance that counts as left where the mean is taken away."""

NEAR = 1.01
"""The factor between two q at which phi's slopes are compared."""


@dataclass(frozen=True, slots=True)
class ByBatch:
    """What each row's batch normalization does to the cosines.

    weights:  of the law's nodes, and 0 for the mean pair, which stands behind them
    harmonic: the law's harmonics; None where the law is so narrow that dividing changes nothing
    itself:   the share of the pairs that are an input with itself
    loose:    Layer.loose: orthogonal weights turn more inputs than units into as many equal directions as there are units, and dividing
              equal ones changes nothing
    takes:    for each hidden row, whether the mean over the batch is taken away behind phi
    power:    for each hidden row: by this power of a unit's size before phi what cosines have wandered counts as divided. The law counts
              as divided by all of it: where a batch lies in few directions the rest is mostly that of small units, which phi does not bend
    """

    weights: Array
    harmonic: Harmonics | None
    itself: float
    loose: float
    takes: list[bool]
    power: list[float]

    def divided(self, row: int, c: Array, around: Array) -> tuple[Array, float]:
        """(the cosines before phi, which share is left of the variance `around` that they have wandered)."""
        power = self.power[row]
        left = 1.0 / (1.0 + 2.0 * power * self.loose * (2.0 * self.itself + float(self.weights @ around)))
        if self.harmonic is None:
            return c, left
        result = c.copy()
        result[:-1] = self.harmonic.divided(c[:-1])
        return result, left

    def centred(self, row: int, made: Array, own: float) -> tuple[Array, float]:
        """(the products behind phi, stretched around an input's product with itself, `own`, so that their mean is the mean pair's product;
        the factor of the stretch)."""
        if not self.takes[row] or own <= 0.0:  # or nothing varies beyond rounding
            return made, 1.0
        middle = float(made[-1])
        scale = (own - middle) / max(own - float(self.weights @ made), SMALLEST * own)
        result = own - (own - made) * scale
        result[-1] = middle
        return result, scale


def by_batch(plan: Plan, rows: Chain, at: Averages, law: tuple[float, float], weights: Array) -> ByBatch:
    """The normalizations of all hidden rows, for cosines whose law in the first row has this (mean, variance).

    Behind phi a unit is divided by that power of its size before phi with which phi's deviation grows; before phi by its own size, but phi
    gives some of it back (`_given_back`). Every row's mean is taken away, except that of the output row where the normalization stands
    before phi.
    """
    takes, inputs = [True] * plan.depth, plan.batch * plan.pixels
    if plan.post == "batch":
        variance, power = at.square - at.mean**2, np.ones(plan.depth)
        power = np.divide(at.even / 2.0 - at.arched * at.mean, variance, where=variance > 0.0, out=power)
    else:
        power, takes[-1] = np.full(plan.depth, 1.0 - _given_back(plan, rows.q[0])), False
    harmonic = harmonics(*law, inputs, plan.width) if law[1] > NARROW else None
    return ByBatch(np.append(weights, 0.0), harmonic, 1.0 / inputs, plan.hidden.loose, takes, np.maximum(power, 0.0).tolist())


def _given_back(plan: Plan, q: float) -> float:
    """The power of a unit's size that a phi which saturates gives back behind a batch normalization before it.

    Values that are divided by their own size over the batch are no Gaussian numbers: with G their matrix of cosines of trace 1 over B
    inputs, E[He3(u_a) u_b] = -6 B (G G)_ab to first order. The more a unit lies in one direction the flatter are its values, and the less
    of it phi cuts off. An eigenvalue e becomes e (1 - 2 e (E[He3 phi] / E[z phi])), where that ratio is 2 d ln E[phi'] / d ln q.
    """
    if plan.nl.slope is not None:
        return 0.0
    below, above = averages(plan.nl, q * np.array([1.0 / NEAR, NEAR])).slope.tolist()
    return -math.log(above / below) / math.log(NEAR) if above * below > 0.0 else 0.0
