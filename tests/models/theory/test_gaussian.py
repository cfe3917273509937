"""Averages over one Gaussian: against adaptive quadrature, and against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from mpmath import mp

from models.activations import ACTIVATIONS
from models.config import RunConfig
from models.theory.chain import moments_of_image
from models.theory.gaussian import averages, second_moment, second_moments
from models.theory.interpolated import STEPS, near_moment, near_moments
from models.theory.layers import plan
from models.theory.nonlinearity import Nonlinearity, nonlinearity
from models.theory.padding import taps_inside
from tests.models.theory.second_road import adaptive, defaults

QS = (1e-12, 1e-6, 1e-2, 1.0, 30.0, 1e6, 1e12)
UNUSUAL = [("elu", {"alpha": 7.0}), ("celu", {"alpha": 0.01}), ("celu", {"alpha": 50.0}), ("softplus", {"beta": 80.0, "threshold": 20.0}),
           ("softplus", {"beta": 0.05, "threshold": 1.0}), ("hardtanh", {"min_val": -0.01, "max_val": 40.0}),
           ("gelu", {"approximate": "tanh"}), ("leaky_relu", {"negative_slope": -0.5})]
CASES = [(name, defaults(name)) for name in ACTIVATIONS] + UNUSUAL


def checked(nl: Nonlinearity, q: float) -> None:
    found = averages(nl, q)
    square, mean = second_moment(nl, q)
    expected = adaptive(lambda x: float(nl.phi(np.array([x]))[0]) ** 2, q, nl.kinks)
    slope = adaptive(lambda x: float(nl.derivative(np.array([x]))[0]) ** 2, q, nl.kinks)
    assert float(found.square) == pytest.approx(expected, rel=1e-6)
    assert square == pytest.approx(expected, rel=1e-6)
    assert float(found.slope_square) == pytest.approx(slope, rel=1e-6)
    assert mean == pytest.approx(float(found.mean), rel=1e-9, abs=1e-9 * math.sqrt(square))


@pytest.mark.parametrize(("name", "params"), CASES, ids=lambda case: case if isinstance(case, str) else "")
def test_squares_match_adaptive_quadrature(name: str, params: dict[str, object]) -> None:
    for q in QS:
        checked(nonlinearity(name, params), q)


def test_a_constant_bias_shifts_the_activation() -> None:
    for q in (1e-6, 0.3, 1e4):
        checked(nonlinearity("tanh", {}, shift=2.5), q)
        checked(nonlinearity("relu", {}, shift=-1.5), q)


def test_fourth_odd_and_even_match_adaptive_quadrature() -> None:
    nl = nonlinearity("gelu", defaults("gelu"))
    found = averages(nl, 0.7)

    def square(x: float) -> float:
        return float(nl.phi(np.array([x]))[0]) ** 2

    assert float(found.fourth) == pytest.approx(adaptive(lambda x: square(x) ** 2, 0.7), rel=1e-6)
    assert float(found.cube) == pytest.approx(adaptive(lambda x: square(x) * float(nl.phi(np.array([x]))[0]), 0.7), rel=1e-6)
    assert float(found.odd) == pytest.approx(adaptive(lambda x: square(x) * x, 0.7) / math.sqrt(0.7), rel=1e-6)
    assert float(found.even) == pytest.approx(adaptive(lambda x: square(x) * (x * x / 0.7 - 1), 0.7), rel=1e-6)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "gelu", "elu", "softplus", "sigmoid", "hardswish"])
def test_what_the_pair_map_reads_matches_adaptive_quadrature(activation: str) -> None:
    """E[phi(u) phi(-u)] and E[(z^2 - 1) phi], for activations whose averages are not 0."""
    nl = nonlinearity(activation, defaults(activation))
    found = averages(nl, 0.7)

    def phi(x: float) -> float:
        return float(nl.phi(np.array([x]))[0])

    size = float(found.square)
    assert float(found.mirrored) == pytest.approx(adaptive(lambda x: phi(x) * phi(-x) + size, 0.7, nl.kinks) - size, rel=1e-6, abs=1e-9)
    assert float(found.arched) == pytest.approx(
        adaptive(lambda x: phi(x) * (x * x / 0.7 - 1) + size, 0.7, nl.kinks) - size, rel=1e-6, abs=1e-9)


EXTREME = [("softplus", {"beta": 1.0, "threshold": 1000.0}), ("softplus", {"beta": 1e-3, "threshold": 1.0}),
           ("hardtanh", {"min_val": 50.0, "max_val": 100.0}), ("hardtanh", {"min_val": -100.0, "max_val": 100.0}),
           ("elu", {"alpha": 100.0}), ("celu", {"alpha": 1e-3}), ("leaky_relu", {"negative_slope": -10.0}), ("prelu", {"init": 10.0})]


@pytest.mark.parametrize(("name", "params"), EXTREME, ids=str)
@pytest.mark.parametrize("q", [1e-12, 17.0, 1.7e4, 1e12])
def test_parameters_at_their_bounds_match_panels_of_forty_nodes(name: str, params: dict[str, object], q: float) -> None:
    """A second quadrature, cut at the kinks, on both scales and far into the tails: softplus beyond float64's exp, and a hardtanh all of
    whose slope lies beyond 12 standard deviations."""
    nl = nonlinearity(name, params)
    end = 38 * math.sqrt(q)
    steps = [sign * 10.0**power for sign in (-1, 1) for power in np.arange(-4.0, 4.0, 0.5)]
    near = [kink + distance for kink in nl.kinks for distance in (-1.0, -0.1, -0.01, 0.01, 0.1, 1.0)]
    around = [step * scale for step in steps for scale in (nl.scale, 1.0, math.sqrt(q))]
    cuts = sorted(cut for cut in {0.0, *nl.kinks, *around, *near, -end, end} if abs(cut) <= end)
    points, weights = np.polynomial.legendre.leggauss(40)
    middle, half = (np.array(cuts[1:]) + np.array(cuts[:-1]))[:, None] / 2, np.diff(cuts)[:, None] / 2
    x = middle + half * points
    density = np.exp(-x * x / (2 * q)) / math.sqrt(2 * math.pi * q) * half * weights
    found = averages(nl, q)
    assert float(found.square) == pytest.approx(float((nl.phi(x.ravel()).reshape(x.shape) ** 2 * density).sum()), rel=1e-6)
    assert float(found.slope_square) == pytest.approx(float((nl.derivative(x.ravel()).reshape(x.shape) ** 2 * density).sum()), rel=1e-6)


@pytest.mark.parametrize("deviations", [5.0, 12.0, 20.0, 33.6])
def test_a_slope_far_in_the_tail_is_the_error_functions(deviations: float) -> None:
    """hardtanh from 46 to 92 has slope 1 between, wherever that lies in the density."""
    q = (46.0 / deviations) ** 2
    expected = (math.erfc(46.0 / math.sqrt(2 * q)) - math.erfc(92.0 / math.sqrt(2 * q))) / 2
    nl = nonlinearity("hardtanh", {"min_val": 46.0, "max_val": 92.0})
    assert float(averages(nl, q).slope_square) == pytest.approx(expected, rel=1e-9)


def test_even_is_the_derivative_of_the_square() -> None:
    nl = nonlinearity("tanh", {})
    q, h = 0.8, 1e-5
    numeric = (second_moment(nl, q + h)[0] - second_moment(nl, q - h)[0]) / (2 * h)
    assert float(averages(nl, q).even) / (2 * q) == pytest.approx(numeric, rel=1e-6)
    bent = (float(averages(nl, q + h).even) / (2 * (q + h)) - float(averages(nl, q - h).even) / (2 * (q - h))) / (2 * h)
    assert float(averages(nl, q).quartic) / (4 * q * q) == pytest.approx(bent, rel=1e-5)


def test_mpmath_agrees_for_tanh_at_the_ends() -> None:
    mp.dps = 30
    for q in (1e-12, 1e12):
        cuts = [0, *(10.0**power / math.sqrt(q) for power in range(-8, 8) if 10.0**power / math.sqrt(q) < 12), 12]
        exact = 2 * mp.quad(lambda z, q=q: mp.tanh(mp.sqrt(q) * z) ** 2 * mp.npdf(z), cuts)
        assert second_moment(nonlinearity("tanh", {}), q)[0] == pytest.approx(float(exact), rel=1e-8)


def test_one_q_and_many_agree_and_keep_their_shape() -> None:
    nl = nonlinearity("silu", {})
    q = 10.0 ** np.linspace(-6, 6, 300).reshape(20, 15)
    found = averages(nl, q)
    assert found.square.shape == (20, 15)
    assert found.square[3, 4] == pytest.approx(second_moment(nl, float(q[3, 4]))[0], rel=1e-9)


@pytest.mark.parametrize("name", ["tanh", "gelu", "sigmoid", "softsign"])
def test_beyond_the_nodes_the_scaling_continues(name: str) -> None:
    nl = nonlinearity(name, defaults(name))
    for inside, beyond in ((9e75, 1.1e76), (1.1e-54, 0.9e-54)):
        ratio = second_moment(nl, beyond)[0] / second_moment(nl, inside)[0]
        grows = name == "gelu" or (inside < 1 and name != "sigmoid")
        assert ratio == pytest.approx(beyond / inside if grows else 1.0, rel=1e-3)


@pytest.mark.parametrize("size", [7, 8, 28])
@pytest.mark.parametrize("level", [1e-60, 0.3])
def test_an_image_is_averaged_pixel_by_pixel(size: int, level: float) -> None:
    """A zero-padded image by the pixels that its symmetry leaves apart, and the mean q beside them."""
    config = RunConfig.model_validate({"network": {"kind": "cnn", "activation": {"name": "gelu"}}, "data": {"name": "digits"}})
    image = taps_inside(taps_inside(np.full((size, size), level), 3), 3)
    square, mean, at_mean = moments_of_image(plan(config), image, float(image.mean()))
    for place in ((0, 0), (0, size - 1), (1, 3), (3, 1), (size - 2, 4), (size // 2, size // 2)):
        assert (square[place], mean[place]) == pytest.approx(second_moment(plan(config).nl, float(image[place])), rel=1e-9)
    assert at_mean == pytest.approx(second_moment(plan(config).nl, float(image.mean())), rel=1e-9)


@pytest.mark.parametrize("name", ["tanh", "gelu", "hardswish", "sigmoid", "relu", "relu6"])
def test_moments_of_several_are_those_of_each(name: str) -> None:
    """Also beyond the nodes, where phi is affine on each side of 0, and where q is beyond any float."""
    nl = nonlinearity(name, defaults(name))
    for q in map(np.array, ([1e-3, 1.1e-3], [0.3, 2.0, 40.0], [1e-60, 2e-60], [1e80, 2e80], [1.0, np.inf])):
        each = np.array([second_moment(nl, one) for one in q.tolist()]).T
        np.testing.assert_allclose(second_moments(nl, q), each, rtol=1e-10)  # the nodes within reach are another few


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_moments_from_kept_tables_are_the_computed_ones(name: str) -> None:
    """Relative to E[phi^2]; across an interval's ends, over decades, and where there is no table."""
    nl = nonlinearity(name, defaults(name))
    ends = np.exp(np.array([-0.5, 0.0, 0.5, STEPS - 0.1]) / STEPS)
    for q in (ends, 10.0 ** np.linspace(-9, 6, 40), np.array([1e-60, 1.0]), np.array([1e-50, 1e50])):
        square, mean = second_moments(nl, q)
        for computed, kept, size in zip((square, mean), near_moments(nl, q), (square, np.sqrt(square)), strict=True):
            assert (np.abs(kept - computed) <= 1e-9 * size).all()
        single = np.array([near_moment(nl, one) for one in q.tolist()]).T
        assert (np.abs(single - [square, mean]) <= 1e-9 * np.array([square, np.sqrt(square)])).all()


def test_kept_tables_at_the_last_and_the_first_q_of_every_interval() -> None:
    """Where two logarithms may differ by rounding in which interval they see it."""
    nl = nonlinearity("gelu", defaults("gelu"))
    for edge in np.exp(np.arange(-20.0, 21.0)):
        for q in (np.nextafter(edge, 0.0), edge, np.nextafter(edge, np.inf)):
            square, mean = second_moment(nl, float(q))
            several, means = near_moments(nl, np.array([q]))
            assert (several[0], means[0]) == (pytest.approx(square, rel=1e-9), pytest.approx(mean, abs=1e-9 * square**0.5))
            assert near_moment(nl, float(q)) == (pytest.approx(square, rel=1e-9), pytest.approx(mean, abs=1e-9 * square**0.5))
