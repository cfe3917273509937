"""Averages over two Gaussians: closed forms, nested adaptive quadrature, the limit of equal inputs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from mpmath import mp
from scipy.integrate import quad

from models.activations import ACTIVATIONS
from models.theory.gaussian import averages, second_moment
from models.theory.nonlinearity import Nonlinearity, nonlinearity
from models.theory.pair import gap, pair_moment
from tests.models.theory.second_road import adaptive, defaults

QS = (1e-12, 1e-4, 0.1, 1.0, 10.0, 1e3, 1e6, 1e12)
GAPS = (1e-12, 1e-6, 1e-3, 0.03, 0.3, 0.7, 1.0, 1.5, 1.95, 2.0)


def erf() -> Nonlinearity:
    """Not in the catalogue, but with a closed form at every q (Williams 1997)."""
    return replace(nonlinearity("tanh", {}), phi=lambda x: torch.erf(torch.from_numpy(x)).numpy(),
                   derivative=lambda x: 2 / math.sqrt(math.pi) * np.exp(-x * x))


@pytest.mark.parametrize("q", QS)
@pytest.mark.parametrize("distance", GAPS)
def test_erf_matches_its_closed_form(q: float, distance: float) -> None:
    mp.dps = 40
    inside, one = mp.mpf(2 * q) / (1 + 2 * mp.mpf(q)), mp.mpf(1)
    exact = 2 / mp.pi * (mp.asin(inside) - mp.asin(inside * (one - mp.mpf(distance))))
    assert gap(erf(), q, distance) == pytest.approx(float(exact), rel=1e-6)


@pytest.mark.parametrize("q", QS)
@pytest.mark.parametrize("distance", GAPS)
def test_quadrature_matches_the_arc_cosine_kernel(q: float, distance: float) -> None:
    closed = nonlinearity("leaky_relu", {"negative_slope": 0.2})
    assert gap(replace(closed, slope=None), q, distance) == pytest.approx(gap(closed, q, distance), rel=1e-6)


def ramp(slope: float, low: float, high: float, q: float, distance: float) -> float:
    """The gap where phi' is `slope` in (low, high) and 0 outside, by Price's theorem (1958): one integral of densities.

    F(c) = E[phi(u) phi(v)], e = 1 - c: D = e F'(1) - integral from 0 to e of (e - x) F''(1 - x) dx, F'(1) = q E[phi'^2],
    F''(c) = q^2 slope^2 (p(low, low) - 2 p(low, high) + p(high, high)); x = e t^2 takes p's root away.
    """
    def bend(t: float) -> float:
        x = distance * t * t
        c, across = 1.0 - x, x * (2.0 - x)
        apart = math.exp(-(low * low + high * high - 2 * c * low * high) / (2 * q * across))
        same = math.exp(-low * low / (q * (1 + c))) + math.exp(-high * high / (q * (1 + c)))
        return 2 * (1 - t * t) * (same - 2 * apart) / math.sqrt(distance * (2.0 - x))

    inside = (math.erf(high / math.sqrt(2 * q)) - math.erf(low / math.sqrt(2 * q))) / 2
    cuts = [0.0, 1e-3, 0.01, 0.03, 0.1, 0.3, 1.0]
    total = sum(quad(bend, a, b, epsabs=0, epsrel=1e-10)[0] for a, b in pairwise(cuts))
    return slope * slope * q * distance * (inside - total * distance / (2 * math.pi))


@pytest.mark.parametrize("q", [1e-3, 0.1, 1.0, 10.0, 900.0])
@pytest.mark.parametrize(("name", "slope"), [("hardtanh", 1.0), ("relu6", 1.0), ("hardsigmoid", 1 / 6)])
def test_ramps_match_prices_theorem(name: str, slope: float, q: float) -> None:
    nl = nonlinearity(name, defaults(name))
    for distance in GAPS[1:7]:
        assert gap(nl, q, distance) == pytest.approx(ramp(slope, *nl.kinks, q, distance), rel=1e-6, abs=1e-12 * q)


def conditional(nl: Nonlinearity, q: float, c: float) -> float:
    """E over m of E[phi(m + s z) | m]^2, m ~ N(0, q c), s^2 = q (1 - c): other coordinates than pair.py's, panel by panel."""
    points, weights = np.polynomial.legendre.leggauss(8)
    fixed = np.arange(-9.0, 9.01, 0.25)

    def nodes(cuts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        half, middle = np.diff(cuts) / 2, (cuts[1:] + cuts[:-1]) / 2
        z = (middle[:, None] + half[:, None] * points).ravel()
        return z, (half[:, None] * weights).ravel() * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)

    shared, own = math.sqrt(q * c), math.sqrt(q * (1 - c))
    outer, outer_weight = nodes(fixed)
    total = 0.0
    for m, weight in zip(shared * outer, outer_weight, strict=True):
        z, inner = nodes(np.unique(np.concatenate([fixed, np.clip((np.array(nl.kinks) - m) / own, -9, 9)])))
        total += weight * float(inner @ nl.phi(m + own * z)) ** 2
    return total


@pytest.mark.parametrize("q", [1e-12, 0.5, 40.0])
@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name not in ("linear", "relu", "leaky_relu", "prelu")])
def test_every_activation_matches_conditional_expectation(name: str, q: float) -> None:
    nl = nonlinearity(name, defaults(name))
    assert pair_moment(nl, q, 0.6) == pytest.approx(conditional(nl, q, 0.6), rel=1e-6)


def graded(nl: Nonlinearity, q: float, c: float) -> float:
    """E of E[phi | m] E[phi | -m], m ~ N(0, q |c|), c < 0: panels that follow every decade around 0, for phi that bends on a scale far
    below sqrt(q)."""
    points, weights = np.polynomial.legendre.leggauss(12)
    decades = np.concatenate([[0.0], 10.0 ** np.arange(-2.0, 9.0, 0.25)])
    around = np.concatenate([-decades, decades])

    def average(mean: float, width: float, f: Callable[[np.ndarray], np.ndarray]) -> float:
        fixed = mean + width * np.linspace(-8.5, 8.5, 35)
        cuts = np.unique(np.clip(np.concatenate([fixed, around]), fixed[0], fixed[-1]))
        half, middle = np.diff(cuts) / 2, (cuts[1:] + cuts[:-1]) / 2
        x = (middle[:, None] + half[:, None] * points).ravel()
        density = np.exp(-(((x - mean) / width) ** 2) / 2) / (width * math.sqrt(2 * math.pi))
        return float(((half[:, None] * weights).ravel() * density) @ f(x))

    own = math.sqrt(q * (1 + c))
    return average(0.0, math.sqrt(-q * c), lambda m: np.array([average(a, own, nl.phi) * average(-a, own, nl.phi) for a in m]))


@pytest.mark.parametrize("q", [1.6e5, 1.9e7])
@pytest.mark.parametrize("name", ["softsign", "tanh", "sigmoid"])
def test_opposed_inputs_of_a_large_variance(name: str, q: float) -> None:
    """softsign's slow tails at c < 0 were off by 5e-6 of E[phi^2]."""
    nl = nonlinearity(name, defaults(name))
    for c in (-0.1, -0.5):
        assert pair_moment(nl, q, c) == pytest.approx(graded(nl, q, c), abs=1e-6 * second_moment(nl, q)[0])


@pytest.mark.parametrize("q", [1e-6, 0.8, 50.0, 1e6])
@pytest.mark.parametrize("name", ["tanh", "elu", "gelu", "hardswish", "softsign", "relu6", "sigmoid"])
def test_the_gap_of_nearly_equal_inputs_is_the_slope(name: str, q: float) -> None:
    """D -> q (1 - c) E[phi'^2] as c -> 1: nothing is lost to cancellation."""
    nl = nonlinearity(name, defaults(name))
    distance = 1e-9 / max(q, 1.0)
    assert gap(nl, q, distance) == pytest.approx(q * distance * float(averages(nl, q).slope_square), rel=2e-4)


@pytest.mark.parametrize("name", ["tanh", "elu", "hardtanh", "hardswish", "mish"])
def test_independent_and_opposite_inputs_are_one_dimensional(name: str) -> None:
    nl = nonlinearity(name, defaults(name))
    square, mean = second_moment(nl, 1.3)
    kinks = (*nl.kinks, *(-kink for kink in nl.kinks))
    opposite = adaptive(lambda x: float(np.prod(nl.phi(np.array([x, -x])))), 1.3, kinks)
    assert pair_moment(nl, 1.3, 0.0) == pytest.approx(mean**2, abs=1e-6 * square)
    assert pair_moment(nl, 1.3, -1.0) == pytest.approx(opposite, abs=1e-6 * square)
