"""Averages over two Gaussians: closed forms, nested adaptive quadrature, the limit of equal inputs."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from mpmath import mp
from scipy.integrate import quad

from models.theory.gaussian import averages, second_moment
from models.theory.nonlinearity import Nonlinearity, nonlinearity
from models.theory.pair import gap, pair_moment
from tests.models.theory.second_road import adaptive, defaults
from tests.models.theory.test_gaussian import CASES

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


def graded(points: list[float], scales: tuple[float, ...], end: float) -> np.ndarray:
    """Cuts from -end to end: the points, and around each of them powers of three of every scale."""
    distances = [0.4 * scale * 3.0 ** np.arange(max(2, math.ceil(math.log(2 * end / scale, 3)) + 2)) for scale in scales]
    around = [point + sign * distance for point in points for sign in (-1, 1) for distance in distances]
    return np.unique(np.clip(np.concatenate([[-end, end], points, *around]), -end, end))


def panelled(cuts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre points and weights between the cuts of each row; two equal cuts have no weight between them."""
    points, weights = np.polynomial.legendre.leggauss(10)
    half, middle = np.diff(cuts)[..., None] / 2, (cuts[..., 1:] + cuts[..., :-1])[..., None] / 2
    shape = (*cuts.shape[:-1], -1)
    return (middle + half * points).reshape(shape), (half * weights).reshape(shape)


def conditional(nl: Nonlinearity, q: float, c: float) -> float:
    """E over m of E[phi(m + s z) | m] E[phi(+-m + s z) | m], m ~ N(0, q |c|), s^2 = q (1 - |c|), the lower sign for c < 0: other
    coordinates than pair.py's. Panels are cut at the kinks and graded around them and around the centre, on phi's scale and on s."""
    shared, own = math.sqrt(q * abs(c)), math.sqrt(q * (1 - abs(c)))
    points = sorted({0.0, *nl.kinks, *nl.centres})
    fixed, density = graded(points, (nl.scale,), 17 * math.sqrt(q)), own * np.linspace(-8.5, 8.5, 14)

    def average(mean: np.ndarray) -> np.ndarray:
        m = mean[:, None]
        x, weight = panelled(np.sort(np.concatenate([np.clip(fixed, m - 8.5 * own, m + 8.5 * own), m + density], axis=1)))
        return (weight * np.exp(-(((x - m) / own) ** 2) / 2) * nl.phi(x)).sum(axis=1) / (own * math.sqrt(2 * math.pi))

    mirrored = sorted({*points, *(-point for point in points)})
    m, weight = panelled(np.unique(np.concatenate([graded(mirrored, (own, nl.scale), 8.5 * shared), shared * np.linspace(-8.5, 8.5, 14)])))
    one = average(m)
    return float((weight * np.exp(-((m / shared) ** 2) / 2)) @ (one * (one if c > 0 else average(-m)))) / (shared * math.sqrt(2 * math.pi))


@pytest.mark.parametrize(("name", "params"), [case for case in CASES if case[0] not in ("linear", "relu", "leaky_relu", "prelu")], ids=str)
def test_every_activation_matches_conditional_expectation(name: str, params: dict[str, object]) -> None:
    """At q from 1e-12 to 1e12 and c from -1 to 1, drawn at random: softsign's slow tails had once been off by 5e-6 of E[phi^2] at c < 0."""
    nl, draw = nonlinearity(name, params), random.Random(name)
    drawn = [(10.0 ** draw.uniform(-12, 12), draw.uniform(-0.999, 0.999)) for _ in range(2)]
    for q, c in [(1e-12, 0.6), (0.5, 0.6), (40.0, 0.6), (1.6e5, -0.1), (1.9e7, -0.5), *drawn]:
        assert pair_moment(nl, q, c) == pytest.approx(conditional(nl, q, c), abs=3e-7 * second_moment(nl, q)[0]), (q, c)


@pytest.mark.parametrize(("name", "params", "q", "c"), [
    ("hardtanh", {"min_val": -6.3056, "max_val": 0.1584}, 0.002221, -0.988026), ("relu6", {}, 1.84667, -0.999998),
    ("hardtanh", {"min_val": -0.29936, "max_val": 64.51318}, 109.87537, -0.948518),
], ids=str)
def test_nearly_opposed_inputs_between_kinks(name: str, params: dict[str, object], q: float, c: float) -> None:
    """Of 8,000 draws of parameters, q and c these were the furthest off, by up to 1e-6."""
    nl = nonlinearity(name, params)
    assert pair_moment(nl, q, c) == pytest.approx(conditional(nl, q, c), abs=1e-7 * second_moment(nl, q)[0])


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
