"""The Beta law on [-1, 1]: its Gauss rule (Golub & Welsch 1969), and its orthogonal polynomials, as harmonics of a batch's cosines.

Directions drawn evenly in d dimensions have cosines with this law, of mean 0 and variance 1 / d. A function of the cosine is then a matrix
over the batch whose eigenvectors are the harmonics of degree k = 0, 1, ...: p_k(1)^2 of them with one eigenvalue, the function's
coefficient of p_k over p_k(1) (Funk and Hecke's theorem), in units of the batch's size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from models.theory.nonlinearity import Array

NODES = 12

SMALLEST = 1e-9
"""What is left beside a mean that is all."""


def nodes(mean: float, variance: float, count: int = NODES) -> tuple[Array, Array]:
    """Gauss-Jacobi nodes and weights of the Beta law with this mean and variance (count,), from its Jacobi matrix."""
    middle, beside = _matrix(mean, variance, count)
    found, vectors = np.linalg.eigh(np.diag(middle) + symmetric(beside))
    return found, vectors[0] ** 2


def symmetric(squares: Array) -> Array:
    """The matrix with the roots of these beside its diagonal: a Jacobi matrix, whose eigenvalues are a Gauss rule's nodes."""
    roots = np.sqrt(squares)
    result: Array = np.diag(roots, 1) + np.diag(roots, -1)
    return result


@dataclass(frozen=True, slots=True)
class Harmonics:
    """Of a Beta law: p_k at its nodes (NODES, NODES), with and without the nodes' weights; and at 1, and one over that (NODES,), both 0
    for a degree of more harmonics than there are inputs, whose eigenvalues are small. Units that draw them have as many directions as there
    are units: `least`, one over that, is what any eigenvalue is."""

    weighted: Array
    plain: Array
    at_one: Array
    inverse: Array
    least: float

    def divided(self, c: Array, power: float) -> Array:
        """The cosines at the nodes if each unit h is divided by |h|^power, its own size over the batch: of the matrix
        E[h h^T / |h|^(2 power)], its trace made 1 again. Of an eigenvalue e (trace 1) that leaves e / (1 + 2 power e), exact to first
        order: what holds much of the batch is long where it is there at all. Around the mean over the batch, degree 0, which stays."""
        found = self.weighted @ c
        mean = float(found[0])
        twice = 2.0 * power / max(1.0 - mean, SMALLEST)
        less = found * (1.0 + twice * self.least) / (1.0 + twice * np.maximum(found * self.inverse, self.least))
        rest = max(1.0 - float(self.at_one @ found), 0.0)  # of higher degrees
        less *= (1.0 - mean) / (float(self.at_one @ less) - float(less[0]) + rest)
        less[0] = mean
        result: Array = less @ self.plain
        return result


def harmonics(mean: float, variance: float, inputs: int, units: float = math.inf) -> Harmonics:
    """Of the law whose nodes `nodes` gives, for so many inputs and units."""
    middle, beside = _matrix(mean, variance, NODES)
    _, vectors = np.linalg.eigh(np.diag(middle) + symmetric(beside))
    at_one, roots = [0.0, 1.0], np.append(0.0, np.sqrt(beside))
    for a, before, after in zip(middle[:-1].tolist(), roots[:-1].tolist(), roots[1:].tolist(), strict=True):
        at_one.append(((1.0 - a) * at_one[-1] - before * at_one[-2]) / after)
    counted = np.array([value if value * value <= inputs else 0.0 for value in at_one[1:]])
    return Harmonics(vectors * vectors[0], vectors / vectors[0], counted, np.divide(1.0, counted, where=counted > 0.0, out=0.0 * counted),
                     1.0 / units)


def _matrix(mean: float, variance: float, count: int) -> tuple[Array, Array]:
    """The Jacobi matrix's diagonal (count,) and the squares beside it (count - 1,)."""
    size = max((1.0 - mean * mean) / variance - 1.0, 1e-6)
    a, b = size * (1.0 + mean) / 2.0 - 1.0, size * (1.0 - mean) / 2.0 - 1.0
    k = np.arange(2.0, count)
    around, twice = 2.0 * k + a + b, size + 2.0
    middle = np.concatenate([[mean, (a * a - b * b) / (size * twice)], (a * a - b * b) / (around * (around + 2.0))])
    beside = np.concatenate([[4.0 * (1.0 + a) * (1.0 + b) / (size**2 * (size + 1.0))],
                             4.0 * k * (k + a) * (k + b) * (k + a + b) / (around**2 * (around + 1.0) * (around - 1.0))])
    return middle, beside
