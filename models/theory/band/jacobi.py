"""The Beta law on [-1, 1]: its Gauss rule (Golub & Welsch 1969), and its orthogonal polynomials, as harmonics of a batch's cosines.

Directions drawn evenly in d dimensions have cosines with this law, of mean 0 and variance 1 / d. The matrix of a function of the cosines of
all pairs of a batch then has the spherical harmonics as eigenvectors: p_k(1)^2 of degree k = 0, 1, ... share one eigenvalue, which is the
function's coefficient of p_k over p_k(1), in units of the batch's size (theorem of Funk and Hecke).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from models.theory.nonlinearity import Array

NODES = 12

SMALLEST = 1e-9
"""The least that counts as left beside the mean cosine, so that nothing is divided by 0 where the mean is 1."""


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
    """The orthogonal polynomials p_k of a Beta law.

    weighted, plain: p_k at the law's nodes, with and without the nodes' weights (NODES, NODES)
    at_one, inverse: p_k(1), and one over it (NODES,); both 0 for a degree that has more harmonics than there are inputs, whose eigenvalues
                     are small
    least:           one over the number of units: N units that are drawn have N directions, so that no eigenvalue is smaller
    """

    weighted: Array
    plain: Array
    at_one: Array
    inverse: Array
    least: float

    def divided(self, c: Array) -> Array:
        """The cosines at the nodes if each unit h is divided by |h|, its size over the batch: those of the matrix E[h h^T / |h|^2], scaled
        to trace 1. An eigenvalue e (of trace 1) becomes e / (1 + 2 e), exact to first order: a unit is large mostly where it lies along an
        eigenvector of a large eigenvalue. The mean over the batch, degree 0, stays as it is."""
        found = self.weighted @ c
        mean = float(found[0])
        twice = 2.0 / max(1.0 - mean, SMALLEST)
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
