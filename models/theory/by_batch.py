"""What a batch normalization does to a batch's cosines on their way through a row.

It takes the mean of all pairs away, not that which the mean pair has, and divides each unit by its own size over the batch, so that what
holds much of the batch holds less of it in the next row: harmonics by their eigenvalues (jacobi.py), and what pairs have wandered by
chance by the spectrum of a product of random matrices. Of cosines of mean square w over so many inputs that has, of trace 1, the sums
1 / inputs + w of squared and 1 / inputs^2 + 3 w / inputs + 3 w^2 / 2 of cubed eigenvalues, of which the division takes 4 times the
difference between the cubes and the squared squares: 2 w (2 / inputs + w).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.theory.gaussian import Averages
from models.theory.jacobi import Harmonics, harmonics
from models.theory.layers import Plan
from models.theory.nonlinearity import Array

NARROW = 0.02
"""Variance of c up to which no direction holds so much of a batch that its being divided by it counts."""

SMALLEST = 1e-6
"""Share of phi's variance that counts as left where the mean is taken away."""


@dataclass(frozen=True, slots=True)
class ByBatch:
    """weights: of the nodes, 0 of the mean pair behind them     harmonic: of their law, None where that is narrow
    itself:  share of the pairs that are an input with itself
    loose:   of the weights: orthogonal ones make of more inputs as many directions as units, all alike, which nothing divides
    takes:   whether each hidden row's mean is taken away, behind phi     power: of a unit's size before phi, by which it is divided
    """

    weights: Array
    harmonic: Harmonics | None
    itself: float
    loose: float
    takes: list[bool]
    power: list[float]

    def divided(self, row: int, c: Array, around: Array) -> tuple[Array, float]:
        """The cosines before phi, and what is left of the variance that they have wandered."""
        power = self.power[row]
        left = 1.0 / (1.0 + 2.0 * power * self.loose * (2.0 * self.itself + float(self.weights @ around)))
        if self.harmonic is None:
            return c, left
        result = c.copy()
        result[:-1] = self.harmonic.divided(c[:-1], power)
        return result, left

    def centred(self, row: int, made: Array, own: float) -> tuple[Array, float]:
        """Products behind phi, `own` with itself, stretched so that their mean is the mean pair's; and by how much."""
        if not self.takes[row] or own <= 0.0:  # or nothing varies beyond rounding
            return made, 1.0
        middle = float(made[-1])
        scale = (own - middle) / max(own - float(self.weights @ made), SMALLEST * own)
        result = own - (own - made) * scale
        result[-1] = middle
        return result, scale


def by_batch(plan: Plan, at: Averages, law: tuple[float, float], weights: Array) -> ByBatch:
    """Of cosines whose law has this mean and variance; before phi a size is divided by itself, behind it by the power with which phi's
    deviation goes with it, and all rows' means are taken away but for the output's before phi."""
    power, takes, inputs = np.ones(plan.depth), [True] * plan.depth, plan.batch * plan.pixels
    if plan.post == "batch":
        variance = at.square - at.mean**2
        power = np.divide(at.even / 2.0 - at.arched * at.mean, variance, where=variance > 0.0, out=power)
    else:
        takes[-1] = False
    harmonic = harmonics(*law, inputs, plan.width) if law[1] > NARROW else None
    return ByBatch(np.append(weights, 0.0), harmonic, 1.0 / inputs, plan.hidden.loose, takes, np.maximum(power, 0.0).tolist())
