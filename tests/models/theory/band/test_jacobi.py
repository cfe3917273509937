"""Harmonics of a batch's cosines against eigenvalues of matrices, and against averages over random units."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.theory.band.jacobi import harmonics, nodes

CIRCLE = np.cos(2.0 * np.pi * np.subtract.outer(np.arange(48), np.arange(48)) / 48)
"""Cosines of 48 points that lie evenly on a circle."""


def kernel(c: np.ndarray) -> np.ndarray:
    """Of mean 0 over the circle, and 1 at c = 1."""
    return 0.5 * c + 0.2 * (2.0 * c**2 - 1.0) + 0.3 * c**3


def test_eigenvalues_on_the_sphere() -> None:
    """Funk and Hecke: of 800 points in space the matrix exp(c) has 1, 3 and 5 nearly equal eigenvalues."""
    points = np.random.default_rng(0).standard_normal((800, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    found = np.linalg.eigvalsh(np.exp(points @ points.T))[::-1] / 800
    c, _ = nodes(0.0, 1.0 / 3.0)
    law = harmonics(0.0, 1.0 / 3.0, 800)
    assert law.at_one[:3] ** 2 == pytest.approx([1.0, 3.0, 5.0])
    expected = (law.weighted @ np.exp(c) * law.inverse)[:3]
    assert [found[0], found[1:4].mean(), found[4:9].mean()] == pytest.approx(expected, rel=0.06)


def test_polynomials_come_back() -> None:
    c, weights = nodes(0.1, 0.2)
    law = harmonics(0.1, 0.2, 10**9)
    assert (law.weighted @ kernel(c)) @ law.plain == pytest.approx(kernel(c))
    assert law.weighted @ law.plain.T == pytest.approx(np.eye(12), abs=1e-9)
    assert law.at_one @ (law.weighted @ kernel(c)) == pytest.approx(1.0)
    assert float(weights @ law.plain[3] ** 2) == pytest.approx(1.0)


def test_units_divided_by_their_size() -> None:
    """Of 200,000 random units over the points of the circle."""
    root = np.linalg.cholesky(kernel(CIRCLE) + 1e-9 * np.eye(48))
    units = np.random.default_rng(1).standard_normal((200_000, 48)) @ root.T
    units /= np.square(units).mean(axis=1, keepdims=True) ** 0.5
    found = units.T @ units / np.square(units).sum(axis=0).mean()
    c, weights = nodes(0.0, 0.5)
    expected = harmonics(0.0, 0.5, 48).divided(kernel(c))
    at = np.interp(c, CIRCLE[0, :25][::-1], found[0, :25][::-1])
    assert expected == pytest.approx(at, abs=0.03)
    before, after = float(weights @ kernel(c) ** 2), float(weights @ expected**2)
    assert after == pytest.approx(float(np.square(found).mean()), rel=0.04) and after < 0.95 * before


def test_two_directions_alike_stay_so() -> None:
    c, _ = nodes(0.0, 0.5)
    assert harmonics(0.0, 0.5, 64).divided(c) == pytest.approx(c, abs=1e-9)


def test_no_eigenvalue_is_less_than_so_few_units_leave() -> None:
    """16 directions of 16 units: nothing is divided by more than anything else."""
    c, _ = nodes(0.0, 1.0 / 16.0)
    law = harmonics(0.0, 1.0 / 16.0, 128, 16)
    assert law.divided(0.9 * c) == pytest.approx(0.9 * c)
    assert abs(harmonics(0.0, 1.0 / 16.0, 128).divided(0.9 * c)[0]) < 0.9 * abs(c[0])


@pytest.mark.parametrize(("mean", "variance"), [(0.0, 0.5), (0.3, 0.2), (-0.2, 0.05), (0.5, 1e-4)])
def test_the_nodes_have_the_moments_of_the_beta_law(mean: float, variance: float) -> None:
    """(1 + c) / 2 has E[x^k] = the product of (a + j) / (a + b + j) over j < k."""
    size = (1 - mean**2) / variance - 1
    a = size * (1 + mean) / 2
    c, weight = nodes(mean, variance)
    for power in (0, 1, 2, 4, 9):
        assert float(weight @ ((1 + c) / 2) ** power) == pytest.approx(math.prod((a + j) / (size + j) for j in range(power)), rel=1e-9)
